import type { ReleasePolicy } from "../release/policy.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import { measureCost } from "./measure-cost.ts";
import type { PriceList } from "./price-list.ts";
import type { ReleaseFacts } from "./release-facts.ts";
import { byStart } from "./trace-tree.ts";
import { judgeOutcome } from "./judge-outcome.ts";
import { measureLatency } from "./measure-latency.ts";
import { measureTools } from "./measure-tools.ts";
import type { ResolvedTrace } from "./resolve-trace.ts";
import type { Score } from "./score.ts";
import { settleScores } from "./settle-scores.ts";
import type { SessionMeasures } from "./session-measures.ts";

/** Of one session up to its first move, everything by time. */
export type MeasuredEvidence = {
  /** Turn records of every kind. */
  readonly records: readonly TurnRecord[];
  readonly traces: ReadonlyMap<string, ResolvedTrace>;
  readonly scores: readonly Score[];
  readonly policy: ReleasePolicy;
  /** Null while nothing but its policy is known of the release. */
  readonly facts: ReleaseFacts | null;
  readonly prices: PriceList;
};

/** What the session took and came to, read off resolved traces: a call that was told of twice counts once. */
export function measureSession(evidence: MeasuredEvidence): SessionMeasures {
  const { records, traces, scores, policy, facts, prices } = evidence;
  const resolved = [...traces.values()];
  const actions = resolved.flatMap((trace) => trace.actions).toSorted(byStart);
  const modelCalls = actions.filter(({ kind }) => kind === "reasoning");
  const turns = records.filter(({ kind }) => kind === "turn");
  const startedAt = turns[0]?.startedAt ?? 0;
  return {
    ...measureCost(modelCalls, { prices, ownModel: facts?.model ?? null }),
    durationMs: Math.max(0, endOf(records) - startedAt),
    ...measureLatency(turns, (traceId) => traces.get(traceId)),
    steps: modelCalls.length,
    ...measureTools(
      resolved.map((trace) => trace.actions),
      facts?.tools ?? [],
    ),
    outcome: judgeOutcome({ scores, toolCalls: actions.filter(({ kind }) => kind === "tool"), records, policy }),
    intent: records.find(({ intent }) => intent !== null)?.intent ?? null,
    evaluators: settleScores(scores, []).evaluators,
  };
}

/** When the last record of a session was over. */
export function endOf(records: readonly TurnRecord[]): number {
  return records.reduce((latest, record) => Math.max(latest, record.startedAt + record.durationMs), 0);
}
