import { isFailedTurn } from "../routing/turn-record.ts";
import { resolveTrace } from "../telemetry/resolve-trace.ts";
import type { SessionEvidence } from "../telemetry/session.ts";
import { spansByTurn } from "../telemetry/spans-by-turn.ts";
import type { SpokenWords } from "./appraisal-store.ts";
import { wordsOfTurn } from "./read-spoken-words.ts";
import type { ScorerSubject, SubjectTurn } from "./scorer.ts";

/**
 * A session as a scorer gets to see it, up to its first move: what came after that belongs to no comparison. Null when no
 * turn of it is recorded.
 */
export function subjectOf(
  id: string,
  evidence: SessionEvidence,
  words: readonly SpokenWords[] | null,
): ScorerSubject | null {
  const movedAt = Math.min(Number.POSITIVE_INFINITY, ...evidence.moves.map(({ at }) => at));
  const records = [...new Map(evidence.turns.map((turn) => [turn.id, turn])).values()]
    .filter(({ kind, startedAt }) => kind === "turn" && startedAt < movedAt)
    .toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  if (records.length === 0) return null;
  const spansOf = spansByTurn(evidence);
  const wordsOf = Map.groupBy(words ?? [], ({ traceId }) => traceId);
  const turns = records.map((record): SubjectTurn => {
    const spans = spansOf.get(record.traceId) ?? [];
    const { actions, userSentiment } = resolveTrace(spans);
    const traceIds = new Set([record.traceId, ...spans.map(({ traceId }) => traceId)]);
    return {
      ...wordsOfTurn([...traceIds].flatMap((traceId) => wordsOf.get(traceId) ?? [])),
      userSentiment,
      tools: actions.flatMap(({ tool, isError }) => (tool === null ? [] : [{ name: tool.name, failed: isError }])),
      failed: isFailedTurn(record),
      durationMs: record.durationMs,
    };
  });
  return { id, agent: evidence.agent, turns };
}
