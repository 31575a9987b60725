import {
  analysisPolicy,
  isBakingPromotion,
  isOnStep,
  type CircuitBreakerPlan,
  type Digest,
  type Rollout,
  type RolloutEvent,
  type TurnCount,
} from "@perch/domain";
import { blockLogLikelihood, logSumExp, ROLLBACK_LOG_ODDS } from "@perch/stats";
import type { TurnCounts } from "./turn-counts.ts";

/** Fewer turns than this in a window are no rate. */
const MIN_TURNS = 10;
/** A share of failures that comes and goes by chance must not open it: a mean likelihood ratio of 1000 to 1. */
const OPENS_AT_LOG_E = Math.log(1000);

type Arms = { readonly canary: TurnCount; readonly baseline: TurnCount };

/**
 * What the gateways' own counts say: the canary's turns fail beyond the limit while the baseline's do not, or both do, which is
 * the fault of neither. Null when there is nothing new. Needs no store.
 */
export function breakerEvent(rollout: Rollout, counts: Pick<TurnCounts, "within">, now: number): RolloutEvent | null {
  const breaker = analysisPolicy(rollout.plan).circuitBreaker;
  const isArmed = isOnStep(rollout.phase) || rollout.phase.kind === "Promoting" || isBakingPromotion(rollout, now);
  if (breaker === null || !isArmed) return null;
  const countOf = (release: Digest): TurnCount =>
    counts.within({ agent: rollout.plan.agent, release }, breaker.windowMs);
  const arms = { canary: countOf(rollout.canary.digest), baseline: countOf(rollout.baseline.digest) };
  const isOutage = exceeds(arms.baseline, breaker.max);
  if (isOutage !== (rollout.conditions.providerOutage !== undefined)) return outageEvent(arms, isOutage, now);
  return opens(arms, breaker) ? { type: "breakerTripped", at: now, ...arms } : null;
}

function outageEvent({ baseline }: Arms, isPresent: boolean, at: number): RolloutEvent {
  const detail = isPresent
    ? `${baseline.failed} of ${baseline.turns} turns of the baseline failed too: something behind both releases is down`
    : "the baseline answers again";
  return { type: "conditionChanged", at, condition: "providerOutage", isPresent, detail };
}

/** Without turns of the baseline nobody can tell the canary's fault from everybody's. */
function opens({ canary, baseline }: Arms, { max }: CircuitBreakerPlan): boolean {
  if (!exceeds(canary, max) || baseline.turns < MIN_TURNS || exceeds(baseline, max / 2)) return false;
  return evidenceOfDifference({ canary, baseline }) >= OPENS_AT_LOG_E;
}

function exceeds({ turns, failed }: TurnCount, share: number): boolean {
  return turns >= MIN_TURNS && failed / turns > share;
}

/** ln of the mean likelihood ratio over odds ratios above 1, given how many turns failed in all (`statistics.md` 3.1). */
function evidenceOfDifference({ canary, baseline }: Arms): number {
  const counts = {
    canarySessions: canary.turns,
    canaryBad: canary.failed,
    baselineSessions: baseline.turns,
    baselineBad: baseline.failed,
  };
  const logLikelihood = blockLogLikelihood(counts, ROLLBACK_LOG_ODDS);
  return logSumExp(logLikelihood) - Math.log(logLikelihood.length);
}
