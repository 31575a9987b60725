import { isFailedTurn, type Digest, type ShadowTurn, type TurnOutbox, type TurnRecord } from "@perch/domain";
import type { TickEnd } from "../proxy/tick-end.ts";
import { reasonOf, type Log } from "@perch/adapters/json-log";

export type TurnCount = { readonly turns: number; readonly failed: number };

/** Keeps the record of every turn, and counts them by release since the start. */
export type TurnRecorder = {
  /** `onKept` runs once the record outlives the process: what may only leave after it waits for that. */
  record(turn: TurnRecord | ShadowTurn, onKept?: () => void): void;
  counts(): ReadonlyMap<Digest, TurnCount>;
};

export type TurnRecorderDeps = {
  readonly outbox: Pick<TurnOutbox, "append">;
  readonly log: Log;
  readonly tickEnd: TickEnd;
};

/** The records of one turn of the event loop are written together: one transaction for all answers that are ready then. */
export function createTurnRecorder({ outbox, log, tickEnd }: TurnRecorderDeps): TurnRecorder {
  const counts = new Map<Digest, { turns: number; failed: number }>();
  let gathered: (TurnRecord | ShadowTurn)[] = [];
  let waiting: (() => void)[] = [];

  function keep(): void {
    const [turns, release] = [gathered, waiting];
    gathered = [];
    waiting = [];
    try {
      outbox.append(turns);
    } catch (error) {
      // The users' answers must not fail with the disk.
      log.error("turn records are lost: the outbox cannot be written", {
        turns: turns.map((turn) => turn.id).join(" "),
        reason: reasonOf(error),
        hint: "free disk space in the gateway's data directory",
      });
    }
    for (const onKept of release) onKept();
  }

  return {
    record(turn, onKept) {
      count(counts, turn);
      if (gathered.length === 0) tickEnd.add({ flush: keep });
      gathered.push(turn);
      if (onKept !== undefined) waiting.push(onKept);
    },
    counts: () => counts,
  };
}

function count(counts: Map<Digest, { turns: number; failed: number }>, turn: TurnRecord | ShadowTurn): void {
  if (turn.kind === "shadow") return;
  const own = counts.get(turn.release) ?? { turns: 0, failed: 0 };
  if (turn.kind === "turn") own.turns += 1;
  if (isFailedTurn(turn)) own.failed += 1;
  counts.set(turn.release, own);
}
