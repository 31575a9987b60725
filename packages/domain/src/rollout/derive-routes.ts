import type { Digest } from "../release/digest.ts";
import type { AgentName } from "../routing/ids.ts";
import type { AgentRoute, CanaryRoute, MirrorRoute } from "../routing/routing-table.ts";
import type { SessionExtractor, SessionLearner } from "../routing/session-rules.ts";
import { routeMoves } from "./agent-move.ts";
import type { AgentRecord } from "./agent-record.ts";
import { isOnStep } from "./phase-groups.ts";
import { isJudgedAlone, stepAfter } from "./promotion-bake.ts";
import { isRetired, type RetirementStageKind } from "./retirement.ts";
import type { Rollout } from "./rollout.ts";
import { routedStrategy, urlsOf } from "./routed-strategy.ts";
import { canaryWeightBp, isFinal, isPromoted, routedStep, wasExposed } from "./weight.ts";

export type ReleaseStatus = "Inactive" | "Ramping" | "Current" | "Draining" | "Drained" | "Decommissioned";

/** The release that new sessions meet when they do not meet a canary: the last one promoted, else the first deployed. */
export function currentRelease(record: AgentRecord, rollouts: readonly Rollout[]): Digest | null {
  const promoted = rollouts.findLast((rollout) => rollout.plan.agent === record.agent && isPromoted(rollout));
  return promoted?.canary.digest ?? record.first;
}

/** The agent's rollout under way: of several the first, behind which the others are queued. */
export function activeRollout(record: AgentRecord, rollouts: readonly Rollout[]): Rollout | null {
  return unfinishedRollouts(record, rollouts)[0] ?? null;
}

/** The agent's rollouts that are not over, in the order in which their turn comes. */
export function unfinishedRollouts(
  record: Pick<AgentRecord, "agent">,
  rollouts: readonly Rollout[],
): readonly Rollout[] {
  return rollouts.filter((rollout) => rollout.plan.agent === record.agent && !isFinal(rollout));
}

/** Where requests for an agent arrive. */
export type AgentPlace = Pick<AgentRoute, "hosts" | "pathPrefix">;

/** What holds for every agent that does not say otherwise. */
export type RouteDefaults = {
  readonly idleTimeoutMs: number;
  readonly sessionExtractors: readonly SessionExtractor[];
  readonly sessionLearners: readonly SessionLearner[];
  /** Agents that are not at `/NAME` of every host. */
  readonly places: ReadonlyMap<AgentName, AgentPlace>;
  readonly now: number;
};

/** What the gateways need to know of an agent; null while nothing of it was ever deployed. `rollouts`: oldest first. */
export function deriveRoute(
  record: AgentRecord,
  rollouts: readonly Rollout[],
  defaults: RouteDefaults,
): AgentRoute | null {
  const current = currentRelease(record, rollouts);
  if (current === null) return null;
  const active = activeRollout(record, rollouts);
  // Not only the one under way: a session that is found by another id from one day to the next is another session.
  const rules = (name: "targetingKey" | "aliases"): Rollout | undefined =>
    rollouts.findLast(({ plan }) => plan.agent === record.agent && (plan[name] ?? null) !== null);
  return {
    agent: record.agent,
    ...placeOf(record.agent, defaults.places),
    ...servedRoute(record, { current, active, rollouts, now: defaults.now }),
    releases: record.releases.map(({ digest, version }) => ({
      release: digest,
      version,
      urls: urlsOf(digest, record),
      ...(record.retirements.some((one) => one.release === digest && isRetired(one)) ? { isRetired: true } : {}),
    })),
    sessionExtractors: rules("targetingKey")?.plan.targetingKey ?? defaults.sessionExtractors,
    sessionLearners: rules("aliases")?.plan.aliases ?? defaults.sessionLearners,
    idleTimeoutMs: defaults.idleTimeoutMs,
    moves: routeMoves(record.moves),
  };
}

type Served = Pick<AgentRoute, "current" | "withoutLease" | "canary" | "mirror" | "refuses">;
type Standing = {
  readonly current: Digest;
  readonly active: Rollout | null;
  readonly rollouts: readonly Rollout[];
  readonly now: number;
};

/** Who serves. A kill switch goes before whatever rollouts want. */
function servedRoute(record: AgentRecord, { current, active, rollouts, now }: Standing): Served {
  const { kill } = record;
  if (kill !== null) {
    const only = kill.to ?? current;
    return {
      current: only,
      withoutLease: only,
      canary: null,
      mirror: null,
      refuses: kill.to === null ? kill.reason : null,
    };
  }
  return {
    current,
    withoutLease: releaseWithoutLease(record, rollouts, now) ?? current,
    canary: (active === null ? null : canaryRoute(active, record)) ?? promotedRoute(record, rollouts, now),
    mirror: active === null ? null : mirrorRoute(active),
    refuses: null,
  };
}

/** The baseline of a promotion that may still be taken back, if it runs anywhere; else null. */
function releaseWithoutLease(record: AgentRecord, rollouts: readonly Rollout[], now: number): Digest | null {
  const promoted = rollouts.findLast((rollout) => rollout.plan.agent === record.agent && isPromoted(rollout));
  if (promoted === undefined) return null;
  const { phase, baseline } = promoted;
  const mayGoBack = phase.kind === "Promoting" || (phase.kind === "Succeeded" && now < phase.rollbackUntil);
  return mayGoBack && urlsOf(baseline.digest, record).length > 0 ? baseline.digest : null;
}

export function placeOf(agent: AgentName, places: ReadonlyMap<AgentName, AgentPlace>): AgentPlace {
  return places.get(agent) ?? { hosts: [], pathPrefix: `/${agent}` };
}

/** A release that was taken back because a guardrail rejected it is not tried again unless a person insists. */
export function isQuarantined(release: Digest, rollouts: readonly Rollout[]): boolean {
  const latest = rollouts.findLast((rollout) => rollout.canary.digest === release && hasBegun(rollout));
  return (latest?.decision?.culprits.length ?? 0) > 0;
}

function hasBegun({ phase }: Rollout): boolean {
  return phase.kind !== "Failed" && !(phase.kind === "Pending" && phase.isQueued);
}

/** What is known about a release besides the agent's record. Null: nobody can say just now. */
export type ReleaseInQuestion = {
  readonly release: Digest;
  readonly livePins: number | null;
  readonly openTransactions: number | null;
};

/** Draining ends when no live pin names the release and none of its transactions is open: unknown counts as "not yet". */
export function releaseStatus(
  { release, livePins, openTransactions }: ReleaseInQuestion,
  record: AgentRecord,
  rollouts: readonly Rollout[],
): ReleaseStatus {
  if (currentRelease(record, rollouts) === release) return "Current";
  const active = activeRollout(record, rollouts);
  // Also while new sessions are kept away from it: it may get them again without a new rollout.
  if (active?.canary.digest === release && isOnStep(active.phase)) return "Ramping";
  const hasServed = rollouts.some(
    (rollout) => wasExposed(rollout) && (rollout.canary.digest === release || rollout.baseline.digest === release),
  );
  if (!hasServed && record.first !== release) return "Inactive";
  const stage = record.retirements.find((one) => one.release === release)?.stage.kind;
  if (stage !== undefined) return STATUS_OF_STAGE[stage];
  return livePins === 0 && openTransactions === 0 ? "Drained" : "Draining";
}

/** What is on record goes before what is counted just now. */
const STATUS_OF_STAGE: Readonly<Record<RetirementStageKind, ReleaseStatus>> = {
  draining: "Draining",
  drained: "Drained",
  scaledDown: "Drained",
  decommissioned: "Decommissioned",
};

function canaryRoute(rollout: Rollout, record: AgentRecord): CanaryRoute | null {
  const step = routedStep(rollout);
  if (step === null) return null;
  return {
    rollout: rollout.id,
    step,
    seed: rollout.seed,
    weightBp: canaryWeightBp(rollout),
    release: rollout.canary.digest,
    strategy: routedStrategy(rollout, record),
  };
}

/**
 * A promotion that bakes: everybody meets the release, and whoever the strategy would have drawn is told of as the rollout's, so that
 * what its gates promise is judged.
 */
function promotedRoute(record: AgentRecord, rollouts: readonly Rollout[], now: number): CanaryRoute | null {
  const promoted = rollouts.findLast((rollout) => rollout.plan.agent === record.agent && isPromoted(rollout));
  if (promoted === undefined || !isJudgedAlone(promoted, now)) return null;
  const { id, plan, seed, canary } = promoted;
  const strategy = routedStrategy(promoted, record);
  return { rollout: id, step: stepAfter(plan), seed, weightBp: 10_000, release: canary.digest, strategy };
}

function mirrorRoute({ id, plan, phase, seed, canary, mirrorStop }: Rollout): MirrorRoute | null {
  const { mirror = null } = plan;
  if (mirror === null || phase.kind !== "Shadowing" || mirrorStop?.stops === "everything") return null;
  const { timeoutMs, caps } = mirror;
  // Sessions that are mirrored already go on to their end.
  const percentageBp = mirrorStop === null ? mirror.percentageBp : 0;
  return { rollout: id, seed, percentageBp, release: canary.digest, timeoutMs, caps };
}
