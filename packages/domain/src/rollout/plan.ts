import type { GateSpec } from "../gate/gate-spec.ts";
import type { Digest } from "../release/digest.ts";
import type { ReleaseName } from "../release/reference.ts";
import type { AgentName } from "../routing/ids.ts";
import type { MoveBoundary } from "../routing/move.ts";
import type { MirrorCaps } from "../routing/routing-table.ts";
import type { SessionExtractor, SessionLearner } from "../routing/session-rules.ts";
import type { Classifier, IntentStrategy, RuleClassifier, Strategy } from "../routing/strategy.ts";
import type { WebhookEntry } from "./webhook-schema.ts";
import type { DrainPlan, SunsetPlan } from "./retirement.ts";
import type { AnalysisPolicy, PromotionPolicy, RollbackPolicy } from "./policies.ts";

/** A share of new sessions, held until its time has passed and the gates let it go. */
export type RolloutStep = {
  readonly weightBp: number;
  /** The least time at this weight, from the last gateway's acknowledgement on. */
  readonly durationMs: number;
  /** The least number of judged canary sessions of the whole rollout before this step is left. */
  readonly minCanarySessions: number;
  readonly requiresApproval: boolean;
};

/** Weights that follow the evidence: the harm still believed possible at a weight stays within a budget. */
export type HarmBudgetRamp = {
  readonly kind: "harm-budget";
  /** B: excess bad outcomes that are tolerated over the horizon. */
  readonly budget: number;
  /** H: how many windows it has to last for. */
  readonly horizonWindows: number;
};

/** Whom the rollout asks, or tells, at some point of its way. */
export type WebhookPlan = {
  readonly name: string;
  readonly type: WebhookEntry["type"];
  readonly url: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly metadata: Readonly<Record<string, string>>;
};

/** Before anybody meets the canary: it answers copies of what a share of new sessions ask, to nobody. */
export type MirrorPlan = {
  readonly percentageBp: number;
  readonly timeoutMs: number;
  /** How long, from the last gateway's acknowledgement on. */
  readonly durationMs: number;
  readonly requiresApproval: boolean;
  readonly caps: MirrorCaps;
};
/** A strategy as the file says it. What runs somewhere is looked up each time the gateways are told. */
export type PlannedStrategy =
  | Exclude<Strategy, { kind: "intent" }>
  | (Omit<IntentStrategy, "classifier"> & { readonly classifier: PlannedClassifier });
export type PlannedClassifier =
  | RuleClassifier
  | (Pick<Classifier, "name" | "version"> & { readonly kind: "http"; readonly url: string; readonly timeoutMs: number })
  /** The baseline release itself is asked. */
  | { readonly kind: "baseline" };
/** What becomes of sessions that are pinned to a release which is taken back. */
export type PinnedSessionsPolicy = "drain" | "migrate" | "evict";

/** What a rollout does when another one of its agent is under way. */
export type SupersedePolicy = "replace" | "queue" | "reject";

/** A rollout file, parsed: defaults filled in, durations in milliseconds, weights in basis points. */
export type RolloutPlan = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly agent: AgentName;
  /** As the file names it; what a pointer stands at is looked up once, when the rollout is applied. */
  readonly release: ReleaseName;
  /** `current`: whatever the agent serves when the rollout is applied, frozen then. */
  readonly baseline: { readonly kind: "current" } | { readonly kind: "named"; readonly release: ReleaseName };
  /** Null: one is derived from the rollout's id. */
  readonly seed: string | null;
  /** Where the session id is looked for; null: as before. Plans that older versions recorded lack it. */
  readonly targetingKey?: readonly SessionExtractor[] | null;
  /** Which ids in answers become aliases of the session; null or lacking: as before. */
  readonly aliases?: readonly SessionLearner[] | null;
  /** Lacking in plans that older versions recorded: every session. */
  readonly strategy?: PlannedStrategy;
  /** Null: the server's default. */
  readonly idleTimeoutMs: number | null;
  /** Null or lacking: nothing is mirrored. */
  readonly mirror?: MirrorPlan | null;
  /** None: the rollout only mirrors. */
  readonly steps: readonly RolloutStep[];
  /** Null or lacking: the steps are taken one after the other. */
  readonly ramp?: HarmBudgetRamp | null;
  readonly windowMs: number;
  readonly consecutiveFailureLimit: number;
  readonly familyWiseErrorRate: number;
  /** How long an ended session is left alone for late telemetry before it is judged; null: the server's default. */
  readonly latenessMs: number | null;
  readonly gates: readonly GateSpec[];
  /** Lacking in plans that older versions recorded: none. */
  readonly webhooks?: readonly WebhookPlan[];
  /** False: a rejecting guardrail pauses and waits for a person. */
  readonly isRollbackAutomatic: boolean;
  readonly propagation: { readonly deadlineMs: number; readonly leaseMs: number };
  /** For this long after a promotion the rollout can still be rolled back. */
  readonly rollbackWindowMs: number;
  /** Lacking in plans that older versions recorded: drain. */
  readonly pinnedSessions?: PinnedSessionsPolicy;
  /** These three are lacking in plans that older versions recorded. */
  readonly analysis?: AnalysisPolicy;
  readonly rollback?: RollbackPolicy;
  readonly promotion?: PromotionPolicy;
  /** Of the release that gets no new sessions once the rollout is over. Null or lacking: it drains as long as it takes. */
  readonly drain?: DrainPlan | null;
  /** Null or lacking: nothing is ever decommissioned. */
  readonly sunset?: SunsetPlan | null;
  /** Lacking: reject. */
  readonly supersede?: SupersedePolicy;
  /** `AutoUpgrade`: after a promotion the sessions of the old baseline go along. Lacking: Pinned. */
  readonly versioningBehavior?: "Pinned" | "AutoUpgrade";
  /** Null or lacking: where the agent says so, or after five minutes of silence. */
  readonly safeBoundary?: MoveBoundary | null;
};

export type ReleaseIdentity = { readonly digest: Digest; readonly version: string };

/** It ends when its mirror has run its time. Nobody meets the release, and nothing is promoted. */
export function isShadowOnly({ mirror, steps }: RolloutPlan): boolean {
  return (mirror ?? null) !== null && steps.length === 0;
}
