import { isFinal, wasExposed, type Rollout, type RolloutPlan } from "@perch/domain";

/** Sessions that were assigned during a rollout may go on long after it; for so long they are treated as its file says. */
export const LIVES_ON_MS = 86_400_000;

/** Pins and session assembly have to agree on when a session is over, so the longest wish of a rollout holds for all. */
export function idleTimeout(rollouts: readonly Rollout[], otherwise: number, now: number): number {
  return longestWish(rollouts, { of: ({ idleTimeoutMs }) => idleTimeoutMs, otherwise, now });
}

/** As for the idle timeout: sessions are assembled alike in all rollouts. */
export function lateness(rollouts: readonly Rollout[], otherwise: number, now: number): number {
  return longestWish(rollouts, { of: ({ latenessMs }) => latenessMs, otherwise, now });
}

type Wish = {
  readonly of: (plan: RolloutPlan) => number | null;
  readonly otherwise: number;
  readonly now: number;
};

/** Of rollouts under way; and of those that are over, for whose sessions less would be too little. */
function longestWish(rollouts: readonly Rollout[], { of, otherwise, now }: Wish): number {
  const wishesOf = (some: readonly Rollout[]): readonly number[] => some.flatMap(({ plan }) => of(plan) ?? []);
  const underWay = rollouts.filter((rollout) => !isFinal(rollout));
  const over = wishesOf(rollouts.filter((rollout) => livesOn(rollout, now)));
  const own = wishesOf(underWay);
  if (own.length === 0 && (underWay.length > 0 || over.length === 0)) return Math.max(otherwise, ...over);
  return Math.max(...own, ...over);
}

function livesOn(rollout: Rollout, now: number): boolean {
  return isFinal(rollout) && wasExposed(rollout) && now - rollout.phaseSince < LIVES_ON_MS;
}
