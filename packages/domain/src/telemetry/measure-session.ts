import type { ReleasePolicy } from "../release/policy.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import { judgeOutcome } from "./judge-outcome.ts";
import { measureLatency } from "./measure-latency.ts";
import { measureTools } from "./measure-tools.ts";
import type { ResolvedTrace } from "./resolve-trace.ts";
import type { Score } from "./score.ts";
import type { SessionMeasures } from "./session-measures.ts";

/** Of one session up to its first move, everything by time. */
export type MeasuredEvidence = {
  /** Turn records of every kind. */
  readonly records: readonly TurnRecord[];
  readonly traces: ReadonlyMap<string, ResolvedTrace>;
  readonly scores: readonly Score[];
  readonly policy: ReleasePolicy;
};

/** What the session took and came to, read off resolved traces: a call that was told of twice counts once. */
export function measureSession({ records, traces, scores, policy }: MeasuredEvidence): SessionMeasures {
  const resolved = [...traces.values()];
  const actions = resolved.flatMap((trace) => trace.actions);
  const turns = records.filter(({ kind }) => kind === "turn");
  const startedAt = turns[0]?.startedAt ?? 0;
  return {
    costUsd: null,
    unpricedModels: [],
    durationMs: Math.max(0, endOf(records) - startedAt),
    ...measureLatency(turns, (traceId) => traces.get(traceId)),
    steps: actions.filter(({ kind }) => kind === "reasoning").length,
    ...measureTools(resolved.map((trace) => trace.actions)),
    outcome: judgeOutcome(
      scores,
      actions.filter(({ kind }) => kind === "tool"),
      policy,
    ),
    intent: records.find(({ intent }) => intent !== null)?.intent ?? null,
    evaluators: {},
  };
}

/** When the last record of a session was over. */
export function endOf(records: readonly TurnRecord[]): number {
  return records.reduce((latest, record) => Math.max(latest, record.startedAt + record.durationMs), 0);
}
