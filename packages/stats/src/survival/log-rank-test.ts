import { StatsError } from "../numeric/error.ts";
import { logSumExp } from "../numeric/log-sum-exp.ts";

/** How many sessions of each arm had reached the age of an event and had none yet, the one with the event included. */
export type AtRisk = { readonly baseline: number; readonly canary: number };

/** Hazard ratios bet on, with their weights: those of the rollback test. */
const BETS = [
  [1.2, 0.1],
  [1.5, 0.2],
  [2, 0.25],
  [3, 0.2],
  [5, 0.12],
  [10, 0.08],
  [30, 0.05],
] as const;

/** ln of the wealth on each hazard ratio. */
export type LogRankTest = { readonly logWealth: readonly number[]; readonly logE: number };

export const UNDECIDED_LOG_RANK: LogRankTest = { logWealth: BETS.map(([, weight]) => Math.log(weight)), logE: 0 };

/**
 * The test after one more event (an escalation, say) in one arm: the factor is q/q₀ for the canary, (1−q)/(1−q₀) for the
 * baseline, q = n_c h/(n_c h + n_b), q₀ = n_c/(n_c + n_b), at risk within the event's age bin. H0: the canary's hazard is not
 * larger at any age. Optional: it found less than the landmark gate did. Source: ter Schure et al. 2024 (anytime-valid
 * log-rank); `statistics.md` 3.8.
 */
export function observeLogRank(test: LogRankTest, arm: "baseline" | "canary", atRisk: AtRisk): LogRankTest {
  const { baseline, canary } = atRisk;
  if (!(baseline >= 0 && canary >= 0 && atRisk[arm] >= 1)) {
    throw new StatsError({
      code: "counts_impossible",
      message: `found an event in the ${arm} arm with ${baseline} and ${canary} sessions at risk, expected that one at least`,
      hint: "count the session with the event among those at risk",
    });
  }
  const share = canary / (canary + baseline);
  const logWealth = BETS.map(([hazard], j) => {
    const tilted = (canary * hazard) / (canary * hazard + baseline);
    const factor = arm === "canary" ? tilted / share : (1 - tilted) / (1 - share);
    return (test.logWealth[j] ?? 0) + Math.log(factor);
  });
  return { logWealth, logE: logSumExp(logWealth) };
}
