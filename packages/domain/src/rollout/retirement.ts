import type { Digest } from "../release/digest.ts";
import type { RolloutId } from "../routing/ids.ts";
import type { Revision } from "../routing/routing-table.ts";
import type { DeploymentRecord } from "./agent-record.ts";
import { TRANSACTION_CALL_EVENTS, type TransactionCall, type TransactionCallEvent } from "./transaction-calls.ts";

/** How long a release is left with its sessions, and what becomes of them then, and of open transactions of its tools. */
export type DrainPlan = {
  readonly deadlineMs: number;
  readonly onDeadline: "migrate" | "evict" | "cancel" | "wait";
  /** Lacking in ledgers of versions that followed none: they are waited for. */
  readonly openTransactions?: "cancel" | "transfer" | "wait";
};

/** When a release that has drained is taken away. Both delays begin at the end of its drain. */
export type SunsetPlan = {
  readonly scaledownDelayMs: number;
  readonly deleteDelayMs: number;
  /** So many drained releases stay as they are, those that drained last. */
  readonly keepLast: number;
};

/** What a deployment's hook is told to do. */
export type HookAction = "scaleDown" | "delete";

/** A deployment that no route leads to any more, and what its hook has agreed to. */
export type RetiredDeployment = DeploymentRecord & { readonly done: readonly HookAction[] };

export type RetirementStage =
  | { readonly kind: "draining" }
  | { readonly kind: "drained"; readonly drainedAt: number }
  /** No route leads to it, and its deployments are told to scale down. */
  | { readonly kind: "scaledDown"; readonly drainedAt: number; readonly deployments: readonly RetiredDeployment[] }
  | { readonly kind: "decommissioned"; readonly at: number; readonly deployments: readonly RetiredDeployment[] };
export type RetirementStageKind = RetirementStage["kind"];

/** A release's way out, once it gets no new sessions: rows 22 to 25 of the state table. */
export type Retirement = {
  readonly release: Digest;
  /** Whose file says how. */
  readonly rollout: RolloutId;
  readonly since: number;
  readonly drain: DrainPlan | null;
  /** Null: it stays drained for ever. */
  readonly sunset: SunsetPlan | null;
  /** When the deadline was found to have passed; null before, or without one. */
  readonly overdueSince: number | null;
  /** What was left then, as far as it was known; null before. */
  readonly leftAtDeadline: { readonly livePins: number | null; readonly openTransactions: number | null } | null;
  /** What tools were told of transactions that outlasted the deadline. */
  readonly calls: readonly TransactionCall[];
  readonly stage: RetirementStage;
};

/** `revision`: the routing table by which every gateway assigned when no live pin was left. */
export type RetirementEvent =
  | TransactionCallEvent
  | {
      readonly type: "drainStarted";
      readonly at: number;
      readonly release: Digest;
      readonly rollout: RolloutId;
      readonly drain: DrainPlan | null;
      readonly sunset: SunsetPlan | null;
    }
  /** Numbers are null when they were not known; of transactions also lacking, where nobody followed them yet. */
  | {
      readonly type: "drainOverdue";
      readonly at: number;
      readonly release: Digest;
      readonly livePins: number | null;
      readonly openTransactions?: number | null;
    }
  | { readonly type: "releaseDrained"; readonly at: number; readonly release: Digest; readonly revision: Revision }
  /** A session came back with a pin that it had kept, or somebody told of a transaction. */
  | {
      readonly type: "drainResumed";
      readonly at: number;
      readonly release: Digest;
      readonly livePins: number | null;
      readonly openTransactions?: number | null;
    }
  /** It gets new sessions again. */
  | { readonly type: "drainCancelled"; readonly at: number; readonly release: Digest; readonly reason: string }
  | { readonly type: "releaseScaledDown"; readonly at: number; readonly release: Digest; readonly revision: Revision }
  | {
      readonly type: "deploymentHookAnswered";
      readonly at: number;
      readonly release: Digest;
      readonly url: string;
      readonly action: HookAction;
      readonly status: number;
      readonly attempts: number;
    }
  | {
      readonly type: "releaseDecommissioned";
      readonly at: number;
      readonly release: Digest;
      readonly revision: Revision;
    };

export const RETIREMENT_EVENTS: Readonly<Record<RetirementEvent["type"], true>> = {
  drainStarted: true,
  drainOverdue: true,
  releaseDrained: true,
  drainResumed: true,
  drainCancelled: true,
  releaseScaledDown: true,
  deploymentHookAnswered: true,
  releaseDecommissioned: true,
  ...TRANSACTION_CALL_EVENTS,
};

export function isRetirementEvent(event: { readonly type: string }): event is RetirementEvent {
  return Object.hasOwn(RETIREMENT_EVENTS, event.type);
}

/** What a hook has still to agree to; deployments without one need nobody's consent. */
export function hooksAwaited({
  stage,
}: Pick<Retirement, "stage">): readonly (RetiredDeployment & { readonly action: HookAction })[] {
  if (stage.kind !== "scaledDown" && stage.kind !== "decommissioned") return [];
  const action = stage.kind === "scaledDown" ? "scaleDown" : "delete";
  return stage.deployments
    .filter(({ hook = null, done }) => hook !== null && !done.includes(action))
    .map((deployment) => ({ ...deployment, action }));
}

/** It runs nowhere any more: whoever is still pinned to it is told so. */
export function isRetired({ stage }: Pick<Retirement, "stage">): boolean {
  return stage.kind === "scaledDown" || stage.kind === "decommissioned";
}
