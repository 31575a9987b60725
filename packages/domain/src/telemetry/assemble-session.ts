import type { Digest } from "../release/digest.ts";
import type { ReleasePolicy } from "../release/policy.ts";
import { isFailedTurn, type TurnRecord } from "../routing/turn-record.ts";
import type { PriceList } from "./price-list.ts";
import type { ReleaseFacts } from "./release-facts.ts";
import { isEscalated } from "./judge-escalation.ts";
import { endOf, measureSession } from "./measure-session.ts";
import { resolveTrace, type ResolvedTrace } from "./resolve-trace.ts";
import type { MaturedSession, SessionEvidence } from "./session.ts";
import { settleScores } from "./settle-scores.ts";
import { spansByTurn } from "./spans-by-turn.ts";
import type { Span } from "./span.ts";

export type AssemblyContext = {
  readonly policyOf: (release: Digest) => ReleasePolicy;
  readonly factsOf: (release: Digest) => ReleaseFacts | null;
  readonly prices: PriceList;
  readonly endedBy: MaturedSession["endedBy"];
  readonly sequence: number;
  readonly maturedAt: number;
};

/**
 * One settled session out of everything known about it. Arm, release, rollout and step are those of its first turn
 * record, never what spans claim. Null when no turn was recorded: a session that was only ended never happened.
 * A session that was moved is cut off at its first move: it is compared as what it was until then. Evidence may be in any
 * order and contain repeats.
 */
export function assembleSession(evidence: SessionEvidence, context: AssemblyContext): MaturedSession | null {
  const all = uniqueBy(evidence.turns, (turn) => turn.id);
  const records = byTime(beforeMove(all, evidence));
  const turns = records.filter((record) => record.kind === "turn");
  const first = turns[0];
  if (first === undefined) return null;
  const ownTraces = new Set(records.map((record) => record.traceId));
  const laterTraces = new Set(all.map((turn) => turn.traceId).filter((traceId) => !ownTraces.has(traceId)));
  const own = [...spansByTurn(evidence)].filter(([traceId]) => !laterTraces.has(traceId));
  const byTrace = new Map(own.map(([traceId, spans]) => [traceId, resolveTrace(spans)]));
  const traces = [...byTrace.values()];
  const actions = byTime(traces.flatMap((trace) => trace.actions));
  const toolCalls = actions.filter((span) => span.kind === "tool");
  const toolSequence = toolCalls.flatMap((span) => (span.tool === null ? [] : [span.tool.name]));
  const policy = context.policyOf(first.release);
  const scores = evidence.scores.filter(({ at }) => at < movedAt(evidence));
  return {
    sequence: context.sequence,
    session: evidence.session,
    agent: evidence.agent,
    release: first.release,
    arm: first.arm,
    rollout: first.rollout,
    step: first.step,
    startedAt: first.startedAt,
    endedAt: endOf(records),
    maturedAt: context.maturedAt,
    endedBy: context.endedBy,
    turns: turns.length,
    failedTurns: turns.filter(isFailedTurn).length,
    toolSequence,
    failedToolCalls: toolCalls.filter((span) => span.isError).length,
    isEscalated: isEscalated({ records, toolCalls, scores, policy }),
    inputTokens: sumOf(actions, (span) => span.inputTokens),
    outputTokens: sumOf(actions, (span) => span.outputTokens),
    meanSentiment: meanSentimentOf(traces),
    scores: settleScores(scores, []).scores,
    releasesSeen: [...new Set(records.map((record) => record.release))],
    isSynthetic: turns.some((turn) => turn.isSynthetic),
    measures: measureSession({
      records,
      traces: byTrace,
      scores,
      policy,
      facts: context.factsOf(first.release),
      prices: context.prices,
    }),
  };
}

function movedAt({ moves }: SessionEvidence): number {
  return Math.min(Number.POSITIVE_INFINITY, ...moves.map(({ at }) => at));
}

/** By the release, not by the clock alone: gateways' clocks differ, and a turn that was moved is of the new release. */
function beforeMove(turns: readonly TurnRecord[], evidence: SessionEvidence): readonly TurnRecord[] {
  const [first, second] = evidence.moves.toSorted((a, b) => a.at - b.at);
  if (first === undefined) return turns;
  const backAt = second?.at ?? Number.POSITIVE_INFINITY;
  return turns.filter(({ release, startedAt }) =>
    release === first.from ? startedAt < backAt : release !== first.to && startedAt < first.at,
  );
}

/** Earliest first; what began at the same moment keeps a fixed order, whatever order it arrived in. */
function byTime<T extends TurnRecord | Span>(items: readonly T[]): readonly T[] {
  const idOf = (item: TurnRecord | Span) => ("id" in item ? item.id : item.spanId);
  return items.toSorted((a, b) => a.startedAt - b.startedAt || (idOf(a) < idOf(b) ? -1 : 1));
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}

/** The mean over turns: each is a trace. */
function meanSentimentOf(traces: readonly ResolvedTrace[]): number | null {
  // In an order of their own, since a sum of fractions depends on it.
  const values = traces.flatMap(({ userSentiment }) => userSentiment ?? []).toSorted((a, b) => a - b);
  return values.length === 0 ? null : sumOf(values, (value) => value) / values.length;
}
