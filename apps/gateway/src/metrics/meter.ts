import type { TurnRecord } from "@perch/domain";
import { createTurnCounts, type TurnCounts } from "./turn-counts.ts";

/** An answer that stays open while somebody listens. */
export type StreamKind = "events" | "websocket";

/** What the data path tells as it happens. It only counts; whoever wants to know reads the counts. */
export type Meter = {
  recorded(record: TurnRecord): void;
  /** The gateway itself answered, by this code. */
  refused(code: string): void;
  opened(stream: StreamKind): void;
  closed(stream: StreamKind): void;
};

export type MeterCounts = Meter & {
  readonly turns: TurnCounts;
  readonly refusals: ReadonlyMap<string, number>;
  readonly streams: Readonly<Record<StreamKind, number>>;
};

export function createMeter(): MeterCounts {
  const turns = createTurnCounts();
  const refusals = new Map<string, number>();
  const streams: Record<StreamKind, number> = { events: 0, websocket: 0 };
  return {
    turns,
    refusals,
    streams,
    recorded: (record) => turns.count(record),
    refused: (code) => void refusals.set(code, (refusals.get(code) ?? 0) + 1),
    opened(stream) {
      streams[stream] += 1;
    },
    closed(stream) {
      streams[stream] -= 1;
    },
  };
}
