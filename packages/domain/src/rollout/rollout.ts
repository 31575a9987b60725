import type { GateReference } from "../gate/gate-reference.ts";
import type { Block } from "../gate/block.ts";
import type { LandmarkJudged, LandmarkProgress } from "./apply-landmark.ts";
import type { GatewayId, RolloutId } from "../routing/ids.ts";
import type { Revision } from "../routing/routing-table.ts";
import type { ReleaseIdentity, RolloutPlan } from "./plan.ts";

/** Data is missing, or says nothing about the canary: a rollout waits until that has passed. */
export type Condition =
  /** No session of the canary has begun for longer than the grace period. */
  | "noTraffic"
  /** The sessions cannot be read. */
  | "metricsOutage"
  /** Turns of both arms fail, so that it is not the canary. */
  | "providerOutage";

/**
 * Why a rollout waits at its weight. A condition and a signal that pass end the pause by themselves, as do gateways that agree
 * again (`routerStale`), a verdict (`inconclusive`) and a target that answers again (`targetUnhealthy`); the others wait for a person.
 */
export type PauseReason =
  | "manual"
  | "approval"
  | "signal"
  | "sampleRatio"
  | "guardrail"
  | "routerStale"
  | Condition
  /** No verdict within `maxHold`. */
  | "inconclusive"
  /** A gate that freezes has rejected the canary. */
  | "frozen"
  /** It would be rolled back, but the release that sessions would be sent to does not answer. */
  | "targetUnhealthy"
  /** It will be rolled back unless somebody undoes that. New sessions are kept from the canary meanwhile. */
  | "undoWindow";

export type Phase =
  /** `isQueued`: rollouts of the agent that were applied before it are not over yet. */
  | { readonly kind: "Pending"; readonly isQueued: boolean }
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
  /** A later rollout takes its place: no new session, no blame, and those under way drain. */
  | { readonly kind: "Superseding" }
  | { readonly kind: "Superseded" }
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

/** Turns of one arm as the gateways counted them, within the circuit breaker's window. */
export type TurnCount = { readonly turns: number; readonly failed: number };

/** When turns failed without anything to tell whose fault it was; `to` is null while it lasts. */
export type Outage = { readonly from: number; readonly to: number | null };

/** A rollback that was decided, and is carried out at `executesAt` unless it is undone. */
export type Announcement = {
  readonly announcedAt: number;
  readonly executesAt: number;
  readonly culprits: readonly string[];
  readonly reason: string;
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
      /** It waits until every rollout of the agent before it is over. Lacking in older ledgers: none was. */
      readonly isQueued?: boolean;
      /** Rollouts whose place it takes. Lacking: none. */
      readonly supersedes?: readonly RolloutId[];
    }
  /** Its turn has come. What it goes back to is what the agent serves now: those before it may have been promoted. */
  | { readonly type: "dequeued"; readonly at: number; readonly baseline: ReleaseIdentity }
  /** Another rollout takes its place. */
  | { readonly type: "superseded"; readonly at: number; readonly actor: string; readonly by: RolloutId }
  /** The clock moved on; decides what only time decides. */
  | { readonly type: "timePassed"; readonly at: number }
  /** Canary deployed, a gateway listens, and what each gate takes from the baseline's past is frozen. */
  | {
      readonly type: "prepared";
      readonly at: number;
      readonly references: Readonly<Record<string, GateReference>>;
      /** The canary was the current release until lately: it comes back without steps. Lacking: it was not. */
      readonly isReturn?: boolean;
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
  /** Sessions of one gate were read at its age. */
  | LandmarkJudged
  /** A condition has begun, or has passed. */
  | {
      readonly type: "conditionChanged";
      readonly at: number;
      readonly condition: Condition;
      readonly isPresent: boolean;
      readonly detail: string;
    }
  /** By the gateways' own counts the canary's turns fail, and the baseline's do not. */
  | { readonly type: "breakerTripped"; readonly at: number; readonly canary: TurnCount; readonly baseline: TurnCount }
  /** Whether the release that a rollback leads to answers. */
  | { readonly type: "targetChecked"; readonly at: number; readonly isHealthy: boolean; readonly detail: string }
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
  /** `freezeNew`: no new session meets the canary meanwhile. Lacking: the weight stays. */
  | ({ readonly type: "pauseRequested"; readonly freezeNew?: boolean } & Request)
  | ({ readonly type: "resumeRequested" } & Request)
  /** `force`: also to a target that does not answer. */
  | ({ readonly type: "rollbackRequested"; readonly force?: boolean } & Request)
  | ({ readonly type: "undoRequested" } & Request)
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

export type News = "paused" | "needsApproval" | "rolledBack" | "promoted" | "drainLate";

/** The decision to take the canary away, as it was made. */
export type RollbackDecision = {
  readonly decidedAt: number;
  /** Gates whose rejection caused it; empty when a person did. */
  readonly culprits: readonly string[];
  /** Canary sessions judged by then, as they ended or at an age, whichever are more. */
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
  /** Rollouts whose place it takes. */
  readonly supersedes: readonly RolloutId[];
  /** Why a quarantined release is tried again; empty when it is not one. */
  readonly forcedBecause: string;
  readonly isSynthetic: boolean;
  readonly appliedAt: number;
  readonly phase: Phase;
  readonly phaseSince: number;
  readonly reason: string;
  readonly references: Readonly<Record<string, GateReference>>;
  /** By step: every session up to this sequence has been judged. */
  readonly judgedThrough: Readonly<Record<number, number>>;
  readonly canaryJudged: number;
  /** The same of each gate that reads its sessions at an age, by its name. Lacking: it has read none. */
  readonly landmarks: Readonly<Record<string, LandmarkProgress>>;
  /** The last one; of an earlier step it no longer lets anything advance. */
  readonly judgement: JudgementSummary | null;
  /** Gates that a person has seen pausing and resumed from. */
  readonly acknowledgedGates: readonly string[];
  readonly hasAcknowledgedSampleRatio: boolean;
  /** Those that are present, each with what was found. */
  readonly conditions: Readonly<Partial<Record<Condition, string>>>;
  /** While its promotion bakes: sessions under way in these speak neither for nor against the release. */
  readonly outages: readonly Outage[];
  /** From then on a step without a verdict counts as such; null: from the end of its time. */
  readonly holdsFrom: number | null;
  readonly announcement: Announcement | null;
  /** What is wrong with the release that a rollback leads to; null when nothing is known to be. */
  readonly targetProblem: string | null;
  readonly decision: RollbackDecision | null;
  /** By `HOOK@OCCASION`. */
  readonly hookAnswers: Readonly<Record<string, HookAnswer>>;
  /** When and why mirroring stopped before its time; null when it did not. */
  readonly mirrorStop: MirrorStop | null;
  /** Of the last phase that waited for the gateways. */
  readonly propagation: PropagationRecord | null;
  readonly timeline: readonly TimelineEntry[];
};
