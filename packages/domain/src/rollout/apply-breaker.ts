import { condemn } from "./condemn.ts";
import { isOnStep } from "./phase-groups.ts";
import { isBakingPromotion } from "./promotion-bake.ts";
import type { Rollout, RolloutEvent, TurnCount } from "./rollout.ts";

/** What a rollback by the circuit breaker names instead of a gate. */
export const CIRCUIT_BREAKER = "circuit-breaker";

type BreakerTripped = Extract<RolloutEvent, { type: "breakerTripped" }>;

/** The fast path of row 11: wherever the canary meets users, and nobody has looked at it and gone on. */
export function applyBreaker(rollout: Rollout, { at, canary, baseline }: BreakerTripped): Rollout {
  const { phase, plan, acknowledgedGates } = rollout;
  const isPromoted = phase.kind === "Promoting" || isBakingPromotion(rollout, at);
  const isArmed = isOnStep(phase) || (isPromoted && plan.isRollbackAutomatic);
  if (!isArmed || acknowledgedGates.includes(CIRCUIT_BREAKER)) return rollout;
  const reason = `${shareOf(canary)} turns of the canary failed, and ${shareOf(baseline)} of the baseline`;
  return condemn(rollout, { at, culprits: [CIRCUIT_BREAKER], reason });
}

function shareOf({ turns, failed }: TurnCount): string {
  return `${failed} of ${turns}`;
}
