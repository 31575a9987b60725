import type { CappedField } from "./name-caps.ts";

/** What the collector took in since it started. What it did not take is counted, never silently dropped. */
export type CollectorCounters = {
  spansKept: number;
  /** Of those kept: of a dialect that no reader knows, so that only their place in the trace is of use. */
  spansUnknown: number;
  spansRefused: number;
  /** Kept, with a clock before 2000 or after 2100. */
  spansOddlyTimed: number;
  /** Kept, with a start later than the server's clock: the agent's clock is ahead. */
  spansAhead: number;
  /** Names in the overflow bucket "(other)", as there were too many different ones of that field. */
  namesOverflowed: Record<CappedField, number>;
  /** Spans of which content was kept, as `--capture-content` asks. */
  contentsKept: number;
  turns: number;
  /** What became of mirrored turns. */
  shadowTurns: number;
  /** Of sessions, from one release to another. */
  moves: number;
  scores: number;
  /** Word from outside that a person took over. */
  escalations: number;
  /** Log records that are no evaluation, and evaluations that cannot count. */
  logsIgnored: number;
  evaluationsRefused: number;
  /** Reports that a transaction was opened or closed. */
  transactions: number;
  /** What spans said of transactions and that cannot be kept. */
  transactionsRefused: number;
  /** Whole posts that were answered with 400 or above, by error code. */
  failures: Record<string, number>;
  /** Of those with the code `rate_limited`, by the name of the token. */
  limitedBySender: Record<string, number>;
};

export function createCollectorCounters(): CollectorCounters {
  return {
    spansKept: 0,
    spansUnknown: 0,
    spansRefused: 0,
    spansOddlyTimed: 0,
    spansAhead: 0,
    namesOverflowed: { tool: 0, arguments: 0, model: 0, agent: 0, error: 0, span: 0 },
    contentsKept: 0,
    turns: 0,
    shadowTurns: 0,
    moves: 0,
    scores: 0,
    escalations: 0,
    logsIgnored: 0,
    evaluationsRefused: 0,
    transactions: 0,
    transactionsRefused: 0,
    failures: {},
    limitedBySender: {},
  };
}
