import type { RawSpan, SentimentScorer, ShadowTurn, TelemetryError, TraceStore, TurnRecord } from "@perch/domain";
import { createAttributionCounts, type AttributionCounts } from "../sessions/attribution-counts.ts";
import type { Assembler } from "../sessions/assembler.ts";
import type { ChecksOf } from "./check-arguments.ts";
import { createCollectorCounters, type CollectorCounters } from "./counters.ts";
import { OPEN_GATE, type IngestGate, type Sender } from "./ingest-gate.ts";
import { createNameCaps, type NameCaps } from "./name-caps.ts";
import type { ScoresUnderWay } from "./new-scores.ts";
import type { Transactions } from "../transactions/create-transactions.ts";
import { createBodyReader, type BodyReader } from "./read-body.ts";
import { createTurns } from "./turns.ts";

export type CollectorDeps = {
  readonly store: Pick<
    TraceStore,
    | "appendContents"
    | "contentsOf"
    | "appendSpans"
    | "appendTurns"
    | "appendMoves"
    | "appendShadowTurns"
    | "appendScores"
    | "scoresNamed"
    | "claimScoreBatch"
  >;
  readonly assembler: Pick<Assembler, "noteTurns" | "noteSpans">;
  /** Told before anything is stored. */
  readonly onTurns?: (turns: readonly TurnRecord[]) => void;
  readonly onShadowTurns: (turns: readonly ShadowTurn[]) => void;
  readonly sentiment: SentimentScorer;
  /** Hears of spans, contents and all, before they are acknowledged. Nobody unless said. */
  readonly onRawSpans?: (spans: readonly RawSpan[]) => void;
  /** Keeps transactions of tools. Nobody does unless said, and reports of them are refused. */
  readonly transactions?: Pick<Transactions, "place" | "record">;
  /** What spans said of their release; nothing unless said. */
  readonly attribution?: Pick<AttributionCounts, "view">;
  readonly now: () => number;
  /** Whether some release's policy names the tool; none does unless said. */
  readonly isDeclaredTool?: (name: string) => boolean;
  /** Checks the arguments of tool calls; none unless said. */
  readonly checksOf?: ChecksOf;
  /** How much of what went in and came out of each span is kept; nothing unless said. */
  readonly contentCharacters?: number;
  /** Open to everybody unless said. */
  readonly gate?: IngestGate;
  /** Largest body after decompression; 64 MB unless said. */
  readonly maxBodyBytes?: number;
};

/** What the ways in (OTLP over HTTP and gRPC, Perch's own posts) share: one store, one bound on memory, one set of counters. */
export type Intake = CollectorDeps & {
  readonly attribution: Pick<AttributionCounts, "view">;
  readonly transactions: Pick<Transactions, "place" | "record">;
  readonly bodies: BodyReader;
  readonly counters: CollectorCounters;
  readonly names: NameCaps;
  readonly scoresUnderWay: ScoresUnderWay;
  /** Comes when others have had theirs. */
  readonly turn: () => Promise<void>;
};

const MAX_BODY_BYTES = 64 * 1024 * 1024;

export function createIntake(deps: CollectorDeps): Intake {
  const maxBytes = deps.maxBodyBytes ?? MAX_BODY_BYTES;
  const bodies = createBodyReader({ maxBytes, maxBytesAtOnce: 4 * maxBytes });
  const names = createNameCaps(deps.isDeclaredTool ?? (() => false));
  const attribution = deps.attribution ?? createAttributionCounts();
  const counters = createCollectorCounters();
  const transactions = deps.transactions ?? NOBODY_KEEPS_THEM;
  return {
    ...deps,
    attribution,
    transactions,
    bodies,
    names,
    counters,
    scoresUnderWay: new Map(),
    turn: createTurns(),
  };
}

const NOBODY_KEEPS_THEM: Intake["transactions"] = {
  async place(said) {
    const problem = "found a report of a transaction, expected none: this server keeps no transactions";
    return { reports: [], problems: said.map((_, index) => ({ index, problem })) };
  },
  record: async () => [],
};

/** Throws `TelemetryError` `unauthenticated` or `rate_limited`. */
export function admit({ gate = OPEN_GATE, counters }: Intake, authorization: string | null): Sender {
  return gate.admit(authorization, (name) => {
    counters.limitedBySender[name] = (counters.limitedBySender[name] ?? 0) + 1;
  });
}

export function countFailure({ counters }: Intake, error: TelemetryError): void {
  counters.failures[error.code] = (counters.failures[error.code] ?? 0) + 1;
}
