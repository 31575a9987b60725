import type { MaturedSession } from "../telemetry/session.ts";
import { scoreOf } from "./bad-of.ts";
import type { ValueMetric } from "./gate-spec.ts";

type Read = (session: MaturedSession) => number | null;
type NamedMetric = Exclude<ValueMetric, `score.${string}`>;

const READ: Readonly<Record<NamedMetric, Read>> = {
  duration: ({ measures }) => measures.durationMs,
  "slowest-turn": ({ measures }) => measures.slowestTurnMs,
  "first-response": ({ measures }) => measures.firstResponseMs,
  "slowest-first-byte": ({ measures }) => measures.slowestFirstByteMs,
  cost: ({ measures }) => measures.costUsd,
  "cost-per-resolution": ({ measures }) => (measures.outcome === "success" ? measures.costUsd : null),
  "tool-calls": ({ toolSequence }) => toolSequence.length,
  "model-calls": ({ measures }) => measures.steps,
  tokens: ({ inputTokens, outputTokens }) => inputTokens + outputTokens,
  turns: ({ turns }) => turns,
  retries: ({ measures }) => measures.retries,
  loops: ({ measures }) => measures.loops,
  sentiment: ({ meanSentiment }) => meanSentiment,
  "failed-turns": ({ failedTurns, turns }) => partOf(failedTurns, turns),
  "failed-tool-calls": ({ failedToolCalls, toolSequence }) => partOf(failedToolCalls, toolSequence.length),
  "invalid-arguments": (session) => partOf(invalidArguments(session), session.toolSequence.length),
  // Model calls are retried too.
  "retried-calls": ({ measures, toolSequence }) => partOf(measures.retries, toolSequence.length + measures.steps),
};

/**
 * A session's number for a metric, in the metric's own unit (ms, US dollars, counts, shares 0..1); null when it has none
 * and is left out. `cost-per-resolution` is the cost of a session that reached its goal. Shares are of the session's own
 * turns or calls: null where there were none.
 */
export function valueOf(session: MaturedSession, metric: ValueMetric): number | null {
  return isScore(metric) ? scoreOf(session, metric) : READ[metric](session);
}

function isScore(metric: ValueMetric): metric is `score.${string}` {
  return metric.startsWith("score.");
}

function partOf(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.min(1, part / whole);
}

function invalidArguments({ measures }: MaturedSession): number {
  return Object.values(measures.toolCalls).reduce((sum, tool) => sum + tool.invalidArguments, 0);
}
