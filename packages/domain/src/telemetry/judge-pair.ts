import type { ShadowTurn } from "../routing/shadow-turn.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import type { PairEvidence } from "./pair-source.ts";

/** One arm of a pair at a glance. */
export type PairSide = {
  readonly turns: number;
  /** In the order of the user's turns; 0 where no answer began. */
  readonly statuses: readonly number[];
  /** Of all its turns together. */
  readonly durationMs: number;
  readonly responseBytes: number;
};

export type Pair = {
  /** When the first mirrored turn came. */
  readonly startedAt: number;
  readonly baseline: PairSide;
  readonly shadow: PairSide;
  /** Why the arms cannot be compared; empty when they can. */
  readonly incompleteBecause: readonly string[];
};

/** Times are those of gateways in whole milliseconds, lengths are measured finer. */
const ROUNDING_MS = 2;

/**
 * Whether both arms had the same conversation: every turn has a whole answer of each, and the shadow had answered a turn
 * before it got the next. Of several gateways none sees all of that, so that only the records of all can tell.
 */
export function judgePair({ baseline, shadow }: PairEvidence): Pair {
  const begunAt = Math.min(...shadow.map(({ assignedAt }) => assignedAt));
  // The turn that began the session came just before it was pinned, and ended after.
  const isOwn = ({ kind, startedAt, durationMs }: TurnRecord): boolean =>
    kind === "turn" && startedAt + durationMs + ROUNDING_MS >= begunAt;
  const turns = baseline.filter(isOwn).toSorted((a, b) => a.startedAt - b.startedAt);
  const mirrored = shadow.toSorted((a, b) => a.pairedStartedAt - b.pairedStartedAt);
  const sent = mirrored.filter(({ outcome }) => outcome === "answered" || outcome === "failed");
  const problems = [...holesIn(turns, mirrored), ...mirrored.flatMap(problemOf), ...disorderIn(sent)];
  return {
    startedAt: mirrored[0]?.pairedStartedAt ?? 0,
    baseline: sideOf(turns),
    shadow: sideOf(sent),
    incompleteBecause: [...new Set(problems)],
  };
}

function holesIn(turns: readonly TurnRecord[], mirrored: readonly ShadowTurn[]): readonly string[] {
  const outcomes = new Map(
    mirrored.map(({ pairedTraceId, pairedStartedAt, outcome }) => [`${pairedTraceId} ${pairedStartedAt}`, outcome]),
  );
  const outcomeOf = ({ traceId, startedAt }: TurnRecord) => outcomes.get(`${traceId} ${startedAt}`);
  const missing = turns.filter((turn) => outcomeOf(turn) === undefined).length;
  const failed = turns.flatMap((turn) => (outcomeOf(turn) === "skipped" ? [] : (turn.fault ?? [])));
  const unknown = mirrored.length - (turns.length - missing);
  return [
    ...(missing > 0 ? [`${missing} of ${turns.length} turns ${missing === 1 ? "has" : "have"} no mirror`] : []),
    ...(unknown > 0 ? [`${unknown} mirrored turns are not known as turns of the user`] : []),
    ...failed.map((fault) => `the user got no whole answer: ${fault}`),
  ];
}

function problemOf({ outcome, reason }: ShadowTurn): readonly string[] {
  return outcome === "answered" || outcome === "skipped" ? [] : [`a mirrored turn was ${outcome}: ${reason ?? ""}`];
}

function disorderIn(sent: readonly ShadowTurn[]): readonly string[] {
  const isEarly = sent.some((turn, index) => {
    const before = sent[index - 1];
    return before !== undefined && turn.startedAt + ROUNDING_MS < before.startedAt + before.durationMs;
  });
  return isEarly ? ["the shadow got a turn before it had answered the one before"] : [];
}

function sideOf(turns: readonly Pick<TurnRecord, "status" | "durationMs" | "responseBytes">[]): PairSide {
  return {
    turns: turns.length,
    statuses: turns.map(({ status }) => status),
    durationMs: inMicros(turns.reduce((sum, { durationMs }) => sum + durationMs, 0)),
    responseBytes: turns.reduce((sum, { responseBytes }) => sum + responseBytes, 0),
  };
}

function inMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
