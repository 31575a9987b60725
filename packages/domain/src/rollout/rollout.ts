import type { Block } from "../gate/block.ts";
import type { GatewayId, RolloutId } from "../routing/ids.ts";
import type { Revision } from "../routing/routing-table.ts";
import type { ReleaseIdentity, RolloutPlan } from "./plan.ts";

/** Why a rollout waits at its weight. All but `routerStale` and a cleared `signal` wait for a person. */
export type PauseReason = "manual" | "approval" | "signal" | "sampleRatio" | "guardrail" | "routerStale";

export type Phase =
  | { readonly kind: "Pending" }
  | { readonly kind: "Preparing" }
  /** Everybody is served by the baseline, and a share of the sessions is mirrored to the canary. */
  | {
      readonly kind: "Shadowing";
      /** When the last gateway acknowledged it; null before. */
      readonly startedAt: number | null;
      /** Why it goes on although its time has passed: a person paused it, or has to approve what comes next. */
      readonly hold: "manual" | "approval" | null;
    }
  /** The step's weight is on its way to the gateways. */
  | { readonly kind: "Shifting"; readonly step: number }
  /** Every gateway has acknowledged the step, the last of them at `startedAt`. */
  | { readonly kind: "Baking"; readonly step: number; readonly startedAt: number }
  | {
      readonly kind: "Paused";
      readonly step: number;
      /** When the step began to bake; null when a gateway had not acknowledged it. */
      readonly startedAt: number | null;
      /** The step whose weight is routed meanwhile; null for none. */
      readonly routedStep: number | null;
      readonly why: PauseReason;
      /** Gates that paused it. */
      readonly gates: readonly string[];
    }
  | { readonly kind: "Promoting" }
  | { readonly kind: "Succeeded"; readonly rollbackUntil: number }
  | { readonly kind: "RollingBack" }
  | { readonly kind: "RolledBack" }
  | { readonly kind: "Aborting" }
  | { readonly kind: "Aborted" }
  | { readonly kind: "Failed" };
export type PhaseKind = Phase["kind"];

/** One phase of one rollout: what gateways acknowledge belongs to the phase that was routed, and to no later one. */
export type PhaseName = { readonly kind: PhaseKind; readonly since: number };

/** What the gates said after a block, as small as the ledger needs it. */
export type JudgementSummary = {
  /** The step that was judged: where the rollout stood, not where the block's sessions were assigned. */
  readonly step: number;
  readonly culprits: readonly string[];
  readonly pausing: readonly string[];
  readonly canAdvance: boolean;
  readonly isSampleRatioMismatch: boolean;
  readonly waitingFor: readonly string[];
  /** Evidence of harm by gate, natural logarithm. */
  readonly logE: Readonly<Record<string, number>>;
  /** Of a ramp by harm budget only: the highest step that the budget affords. */
  readonly affordableStep?: number;
};

/** What came of a webhook or a notification, for good. */
export type HookAnswer = {
  readonly at: number;
  /** `accepted`: status 2xx. `failed`: it was given up. */
  readonly outcome: "accepted" | "failed";
  /** Of the last attempt; null when no answer came. */
  readonly status: number | null;
  readonly attempts: number;
  /** Why it failed, in a person's words; empty when it did not. */
  readonly detail: string;
};

/** When each gateway applied a revision. `isFenced`: its lease ran out before it answered. */
export type PropagationRecord = {
  readonly revision: Revision;
  readonly gateways: readonly {
    readonly gateway: GatewayId;
    readonly ackedAt: number | null;
    readonly isFenced: boolean;
  }[];
};

export type MirrorStop = {
  readonly at: number;
  readonly reason: string;
  readonly stops: "newSessions" | "everything";
};

type Request = { readonly at: number; readonly actor: string; readonly reason: string };

/** Everything that can happen to a rollout. Recorded in the ledger in this form; state is their fold. */
export type RolloutEvent =
  | {
      readonly type: "applied";
      readonly at: number;
      readonly actor: string;
      readonly rollout: RolloutId;
      readonly plan: RolloutPlan;
      readonly baseline: ReleaseIdentity;
      readonly canary: ReleaseIdentity;
      readonly seed: string;
      /** Why a quarantined release is tried again; empty when it is not one. */
      readonly forcedBecause: string;
      readonly isSynthetic: boolean;
    }
  /** The clock moved on; decides what only time decides. */
  | { readonly type: "timePassed"; readonly at: number }
  /** Canary deployed, a gateway listens, and the baseline's past rate of bad sessions by gate is frozen. */
  | {
      readonly type: "prepared";
      readonly at: number;
      readonly references: Readonly<Record<string, number | null>>;
    }
  | { readonly type: "preparationFailed"; readonly at: number; readonly reason: string }
  /** Every gateway has acknowledged what this phase routes, or its lease has run out. */
  | {
      readonly type: "synced";
      readonly at: number;
      readonly of: PhaseName;
      readonly propagation: PropagationRecord;
    }
  | {
      readonly type: "syncTimedOut";
      readonly at: number;
      readonly of: PhaseName;
      readonly laggards: readonly GatewayId[];
    }
  | {
      readonly type: "blockJudged";
      readonly at: number;
      readonly block: Block;
      readonly judgement: JudgementSummary;
    }
  /** A spend cap was reached: no session begins to be mirrored any more, or nothing is mirrored at all. */
  | ({ readonly type: "mirrorStopped" } & MirrorStop)
  /** Final; while a webhook is still being asked, nothing is recorded. */
  | ({
      readonly type: "hookAnswered";
      /** A webhook's name, or `channel/NAME`. */
      readonly hook: string;
      /** What it was asked or told about: `step-1`, `timeline-4`. */
      readonly occasion: string;
    } & HookAnswer)
  | ({ readonly type: "pauseRequested" } & Request)
  | ({ readonly type: "resumeRequested" } & Request)
  | ({ readonly type: "rollbackRequested" } & Request)
  | ({ readonly type: "abortRequested" } & Request)
  | ({ readonly type: "promoteRequested" } & Request)
  /** Another rollout of the agent was applied: the way back from this one's promotion is closed. */
  | { readonly type: "rollbackWindowClosed"; readonly at: number };
export type RolloutEventType = RolloutEvent["type"];
export type AppliedEvent = Extract<RolloutEvent, { type: "applied" }>;

/** One change of phase, as a person reads it. */
export type TimelineEntry = {
  readonly at: number;
  readonly phase: PhaseKind;
  readonly weightBp: number;
  readonly text: string;
  readonly actor: string;
  /** What a person who is not looking wants to be told; lacking for the rest. */
  readonly news?: News;
};

export type News = "paused" | "needsApproval" | "rolledBack" | "promoted";

/** The decision to take the canary away, as it was made. */
export type RollbackDecision = {
  readonly decidedAt: number;
  /** Gates whose rejection caused it; empty when a person did. */
  readonly culprits: readonly string[];
  /** Canary sessions judged by then. */
  readonly canarySessions: number;
  /** Evidence of harm by gate by then, natural logarithm. */
  readonly logE: Readonly<Record<string, number>>;
};

/** Moving an agent from a baseline release to a canary release: the fold of its events, and nothing else. */
export type Rollout = {
  readonly id: RolloutId;
  readonly plan: RolloutPlan;
  readonly baseline: ReleaseIdentity;
  readonly canary: ReleaseIdentity;
  readonly seed: string;
  readonly isSynthetic: boolean;
  readonly appliedAt: number;
  readonly phase: Phase;
  readonly phaseSince: number;
  readonly reason: string;
  readonly references: Readonly<Record<string, number | null>>;
  /** By step: every session up to this sequence has been judged. */
  readonly judgedThrough: Readonly<Record<number, number>>;
  readonly canaryJudged: number;
  /** The last one; of an earlier step it no longer lets anything advance. */
  readonly judgement: JudgementSummary | null;
  /** Gates that a person has seen pausing and resumed from. */
  readonly acknowledgedGates: readonly string[];
  readonly hasAcknowledgedSampleRatio: boolean;
  readonly decision: RollbackDecision | null;
  /** By `HOOK@OCCASION`. */
  readonly hookAnswers: Readonly<Record<string, HookAnswer>>;
  /** When and why mirroring stopped before its time; null when it did not. */
  readonly mirrorStop: MirrorStop | null;
  /** Of the last phase that waited for the gateways. */
  readonly propagation: PropagationRecord | null;
  readonly timeline: readonly TimelineEntry[];
};
