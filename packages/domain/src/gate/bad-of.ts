import type { MaturedSession } from "../telemetry/session.ts";
import type { Metric } from "./gate-spec.ts";

const SCORE_PREFIX = "score.";
export const SUCCESS_FROM = 0.5;

/**
 * Whether a session counts as bad for a metric; null when the metric says nothing about it, and it is then not counted.
 * `tool-error-rate` is silent about a session that called no tool, `failure-rate` about one without an outcome,
 * `score.<name>` about one without that score; a score below `badBelow` is bad.
 */
export function badOf(session: MaturedSession, metric: Metric, badBelow = SUCCESS_FROM): boolean | null {
  switch (metric) {
    case "escalation-rate":
      return session.isEscalated;
    case "error-rate":
      return session.failedTurns > 0;
    case "tool-error-rate":
      return session.toolSequence.length === 0 ? null : session.failedToolCalls > 0;
    case "failure-rate":
      return session.measures.outcome === null ? null : session.measures.outcome === "failure";
  }
  const score = scoreOf(session, metric);
  return score === null ? null : score < badBelow;
}

/** The name of the score that a metric reads; null for one that reads none. */
export function scoreNameOf(metric: string): string | null {
  return metric.startsWith(SCORE_PREFIX) ? metric.slice(SCORE_PREFIX.length) : null;
}

/** A session's score by the metric's name; null where it has none. */
export function scoreOf(session: MaturedSession, metric: `score.${string}`): number | null {
  const score = session.scores[metric.slice(SCORE_PREFIX.length)];
  return score === undefined || !Number.isFinite(score) ? null : score;
}
