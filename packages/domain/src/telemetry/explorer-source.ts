import type { Arm } from "../routing/assign.ts";
import type { RolloutId } from "../routing/ids.ts";
import type { MaturedSession } from "./session.ts";
import type { SessionKey } from "./session-key.ts";
import type { Span } from "./span.ts";

/** One tool called next after another in a session. Null: the session's beginning, or its end. */
export type ToolTransition = {
  readonly arm: Arm;
  readonly from: string | null;
  readonly to: string | null;
  readonly times: number;
  /** In how many sessions it was seen. */
  readonly sessions: number;
};

/** What of a matured session is spread out over an arm. */
export const SPREAD_MEASURES = [
  "durationMs",
  "slowestTurnMs",
  "firstResponseMs",
  "costUsd",
  "inputTokens",
  "outputTokens",
  "steps",
  "toolCalls",
  "turns",
] as const;
export type SpreadMeasure = (typeof SPREAD_MEASURES)[number];

/** Percentiles over the sessions of an arm of which the measure is known, linear between neighbours. */
export type Spread = {
  readonly arm: Arm;
  readonly measure: SpreadMeasure;
  readonly sessions: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
};

/** A model that the price table does not have, and how many sessions have no cost because of it. */
export type UnpricedModel = { readonly model: string; readonly sessions: number };

/** Spans that came in within a while, and how many of them no session has: no turn's record knows their trace, and they name none. */
export type UnjoinedSpans = {
  readonly spans: number;
  readonly unjoined: number;
  /** Names of those, of the most spans first. */
  readonly names: readonly string[];
};

/** What people look into. Reads only; no decision depends on it. */
export interface ExplorerSource {
  /** The spans of a trace, each once, in any order; none of an unknown one. */
  trace(traceId: string): Promise<readonly Span[]>;
  /** With the scores that came later; null while it has not matured. */
  matured(session: SessionKey): Promise<MaturedSession | null>;
  /** Of the rollout's matured sessions, the most frequent first; at most `limit` of each arm. */
  transitions(query: { rollout: RolloutId; limit: number }): Promise<readonly ToolTransition[]>;
  /** A measure that is known of no session of an arm is not there. */
  spreads(rollout: RolloutId): Promise<readonly Spread[]>;
  /** Of sessions that ended at `since` or later, the model of the most sessions first. */
  unpricedModels(query: { since: number; limit: number }): Promise<readonly UnpricedModel[]>;
  /** Of those that came in at least `agoMs.to` and at most `agoMs.from` ago, by the store's clock to the second; at most `limit` names. */
  unjoinedSpans(query: { agoMs: { from: number; to: number }; limit: number }): Promise<UnjoinedSpans>;
}
