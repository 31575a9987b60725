import type { Violation } from "./history.ts";
import type { IndexedHistory } from "./index-history.ts";

export type Share = {
  readonly rollout: string;
  readonly step: number;
  readonly weightBp: number;
  readonly assigned: number;
  readonly canary: number;
};

/** The chance of a false alarm, over all shares of a run together. */
const FALSE_ALARM = 1e-6;

/** The canary's share of new sessions, by rollout and step. */
export function sharesOf({ claims }: Pick<IndexedHistory, "claims">): readonly Share[] {
  const shares = new Map<string, { -readonly [Field in keyof Share]: Share[Field] }>();
  for (const { isOwn, claim } of claims) {
    const { rollout, step, weightBp, arm } = claim;
    if (!isOwn || rollout === null || step === null || weightBp === null) continue;
    const key = `${rollout} ${step}`;
    const share = shares.get(key) ?? { rollout, step, weightBp, assigned: 0, canary: 0 };
    share.assigned += 1;
    if (arm === "canary") share.canary += 1;
    shares.set(key, share);
  }
  return [...shares.values()];
}

export function judgeShares(shares: readonly Share[]): readonly Violation[] {
  return shares
    .filter((share) => !isLikely(share, FALSE_ALARM / shares.length))
    .map(({ rollout, step, weightBp, assigned, canary }) => ({
      kind: "share",
      conversation: null,
      message: `step ${step} of ${rollout}: ${canary} of ${assigned} went to the canary, at ${weightBp / 100} %`,
    }));
}

/** By the bound of Chernoff and Hoeffding, P(share is as far off) <= 2 exp(-n D(found || expected)) (Hoeffding 1963, Theorem 1). */
export function isLikely({ weightBp, assigned, canary }: Share, alpha: number): boolean {
  const [found, expected] = [canary / assigned, weightBp / 10_000];
  const divergence = term(found, expected) + term(1 - found, 1 - expected);
  return assigned * divergence <= Math.log(2 / alpha);
}

function term(found: number, expected: number): number {
  return found === 0 ? 0 : found * Math.log(found / expected);
}
