import type { MaturedSession } from "../telemetry/session.ts";
import type { Metric } from "./gate-spec.ts";

const SCORE_PREFIX = "score.";
const SUCCESS_FROM = 0.5;

/**
 * Whether a session counts as bad for a metric; null when the metric says nothing about it, and it is then not counted.
 * `tool-error-rate` is silent about a session that called no tool, `score.<name>` about one without that score.
 */
export function badOf(session: MaturedSession, metric: Metric): boolean | null {
  switch (metric) {
    case "escalation-rate":
      return session.isEscalated;
    case "error-rate":
      return session.failedTurns > 0;
    case "tool-error-rate":
      return session.toolSequence.length === 0 ? null : session.failedToolCalls > 0;
  }
  const score = session.scores[metric.slice(SCORE_PREFIX.length)];
  return score === undefined || Number.isNaN(score) ? null : score < SUCCESS_FROM;
}
