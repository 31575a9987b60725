import {
  analysisPolicy,
  breakerOf,
  isBakingPromotion,
  isJudgedAlone,
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
  const isAlone = isJudgedAlone(rollout, now);
  const isArmed = isOnStep(rollout.phase) || rollout.phase.kind === "Promoting" || isBakingPromotion(rollout, now);
  const isOnFile = analysisPolicy(rollout.plan).circuitBreaker !== null;
  const isKnown = rollout.conditions.providerOutage !== undefined;
  if (!isArmed || !(isOnFile || isAlone)) return null;
  const breaker = breakerOf(rollout.plan);
  const countOf = (release: Digest): TurnCount =>
    counts.within({ agent: rollout.plan.agent, release }, breaker.windowMs);
  const arms = { canary: countOf(rollout.canary.digest), baseline: countOf(rollout.baseline.digest) };
  const detail = outageOf(arms, { breaker, isAlone, isKnown });
  if ((detail !== null) !== isKnown) return outageEvent(detail, now);
  return isOnFile && opens(arms, breaker) ? { type: "breakerTripped", at: now, ...arms } : null;
}

/** What failed that may not be the canary's fault; null when nothing did. Once it is promoted, nothing may be left to compare with. */
function outageOf(
  { canary, baseline }: Arms,
  { breaker, isAlone, isKnown }: { breaker: CircuitBreakerPlan; isAlone: boolean; isKnown: boolean },
): string | null {
  if (exceeds(baseline, breaker.max)) {
    return `${baseline.failed} of ${baseline.turns} turns of the baseline failed too: something behind both releases is down`;
  }
  // Over only when it is clearly so: a share that comes and goes about the limit is one outage.
  const limit = isKnown ? breaker.max / 2 : breaker.max;
  if (!isAlone || baseline.turns >= MIN_TURNS || !exceeds(canary, limit)) return null;
  return `${canary.failed} of ${canary.turns} turns fail, and no turns of the release before tell whose fault that is: look, and roll back if it is the release's`;
}

function outageEvent(found: string | null, at: number): RolloutEvent {
  const detail = found ?? "turns are answered again";
  return { type: "conditionChanged", at, condition: "providerOutage", isPresent: found !== null, detail };
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
