import type { Span } from "@opentelemetry/api";
import type { PerchSession } from "../turn/perch-session.ts";
import { sharedState } from "../turn/turn-scope.ts";

const MAX_SESSIONS = 10_000;

/** Of a session's shadow: counts a tool call, and tells how many came before it. */
export function countToolCall(session: PerchSession): number {
  const path = pathOf(session);
  path.toolCalls += 1;
  return path.toolCalls - 1;
}

/**
 * Marks where a session's shadow left the path of its baseline: the baseline's tool did something and gave an answer that
 * this one can only guess. Later answers of stubs are consequences, and are not marked again.
 */
export function markDivergence(
  span: Span,
  session: PerchSession,
  at: { tool: string; because: string; before: number },
) {
  const path = pathOf(session);
  if (path.hasDiverged) return;
  path.hasDiverged = true;
  span.setAttribute("perch.shadow.diverged", at.because);
  span.addEvent("perch.shadow.diverged", {
    "perch.shadow.diverged": at.because,
    "gen_ai.tool.name": at.tool,
    "perch.shadow.tool_calls_before": at.before,
  });
}

/** Shadows that were heard of longest ago are forgotten first. */
function pathOf({ session, rollout }: PerchSession) {
  const { shadows } = sharedState();
  const key = JSON.stringify([rollout, session]);
  const path = shadows.get(key) ?? { toolCalls: 0, hasDiverged: false };
  shadows.delete(key);
  shadows.set(key, path);
  const oldest = shadows.keys().next();
  if (shadows.size > MAX_SESSIONS && oldest.done !== true) shadows.delete(oldest.value);
  return path;
}
