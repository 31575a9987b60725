import {
  SPREAD_MEASURES,
  type Arm,
  type ExplorerSource,
  type MaturedSession,
  type RolloutId,
  type Span,
  type Spread,
  type SpreadMeasure,
  type ToolTransition,
  type UnjoinedSpans,
  type UnpricedModel,
} from "@perch/domain";
import { maturedOf, type ScoredSessions } from "./scored-sessions.ts";

type Memory = ScoredSessions & {
  readonly spansOf: ReadonlyMap<string, readonly Span[]>;
  readonly heardAt: ReadonlyMap<string, number>;
};

const ARMS: readonly Arm[] = ["baseline", "canary"];

export function explorerSourceOf(memory: Memory): ExplorerSource {
  const sessionsOf = (rollout: RolloutId, arm: Arm): readonly MaturedSession[] =>
    [...memory.sessions.values()].filter((session) => session.rollout === rollout && session.arm === arm);
  return {
    trace: async (traceId) => memory.spansOf.get(traceId) ?? [],
    matured: async (session) => maturedOf(memory, session),
    async transitions({ rollout, limit }) {
      return ARMS.flatMap((arm) => transitionsOf(sessionsOf(rollout, arm), arm).slice(0, limit)).toSorted(byTimes);
    },
    async spreads(rollout) {
      return ARMS.flatMap((arm) =>
        SPREAD_MEASURES.toSorted().flatMap((measure) => spreadOf(sessionsOf(rollout, arm), arm, measure)),
      );
    },
    unpricedModels: async (query) => unpricedModelsOf([...memory.sessions.values()], query),
    unjoinedSpans: async (query) => unjoinedSpansOf(memory, query),
  };
}

function unjoinedSpansOf(
  { spansOf, heardAt, turnsOf }: Memory,
  { agoMs, limit }: Parameters<ExplorerSource["unjoinedSpans"]>[0],
): UnjoinedSpans {
  const recorded = new Set([...turnsOf.values()].flat().map(({ traceId }) => traceId));
  const spans = [...spansOf.values()].flat().filter(({ traceId }) => {
    const ago = Date.now() - (heardAt.get(traceId) ?? 0);
    return ago <= agoMs.from && ago >= agoMs.to;
  });
  const unjoined = spans.filter(({ traceId, attribution }) => attribution.session === null && !recorded.has(traceId));
  const names = [...Map.groupBy(unjoined, ({ name }) => name)].toSorted(([, a], [, b]) => b.length - a.length);
  return { spans: spans.length, unjoined: unjoined.length, names: names.slice(0, limit).map(([name]) => name) };
}

function unpricedModelsOf(
  sessions: readonly MaturedSession[],
  { since, limit }: { readonly since: number; readonly limit: number },
): readonly UnpricedModel[] {
  const models = sessions.flatMap(({ endedAt, measures }) => (endedAt >= since ? measures.unpricedModels : []));
  return [...Map.groupBy(models, (model) => model)]
    .map(([model, same]): UnpricedModel => ({ model, sessions: same.length }))
    .toSorted((a, b) => b.sessions - a.sessions || (a.model < b.model ? -1 : 1))
    .slice(0, limit);
}

function transitionsOf(sessions: readonly MaturedSession[], arm: Arm): readonly ToolTransition[] {
  const pairs = sessions.flatMap(({ toolSequence }, session) =>
    [null, ...toolSequence].map((from, index) => ({ from, to: toolSequence[index] ?? null, session })),
  );
  return [...Map.groupBy(pairs, ({ from, to }) => JSON.stringify([from, to])).values()]
    .flatMap((same): ToolTransition[] => {
      const [first] = same;
      if (first === undefined) return [];
      const { from, to } = first;
      return [{ arm, from, to, times: same.length, sessions: new Set(same.map(({ session }) => session)).size }];
    })
    .toSorted(byTimes);
}

function byTimes(a: ToolTransition, b: ToolTransition): number {
  const place = ({ arm, from, to }: ToolTransition): string => [arm, from ?? "", to ?? ""].join("\u0001");
  return b.times - a.times || (place(a) < place(b) ? -1 : 1);
}

function spreadOf(sessions: readonly MaturedSession[], arm: Arm, measure: SpreadMeasure): Spread[] {
  const values = sessions.flatMap((session) => valueOf(session, measure) ?? []).toSorted((a, b) => a - b);
  if (values.length === 0) return [];
  const at = (share: number): number => percentile(values, share);
  return [{ arm, measure, sessions: values.length, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) }];
}

function valueOf(session: MaturedSession, measure: SpreadMeasure): number | null {
  switch (measure) {
    case "inputTokens":
    case "outputTokens":
    case "turns":
      return session[measure];
    case "toolCalls":
      return session.toolSequence.length;
    case "durationMs":
    case "slowestTurnMs":
    case "firstResponseMs":
    case "costUsd":
    case "steps":
      return session.measures[measure];
  }
}

function percentile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}
