import { StatsError } from "../numeric/error.ts";
import { logSumExp } from "../numeric/log-sum-exp.ts";

/** An odds ratio that a test bets on, and the share of its money there; the shares of one test sum to 1. */
export type Bet = { readonly oddsRatio: number; readonly weight: number };

/** The state of a test between blocks. */
export type MixtureTest = {
  /** Over how many blocks the money for a late start is spread. */
  readonly plannedBlocks: number;
  readonly blocks: number;
  /** ln A_j, for each bet. */
  readonly logWealth: readonly number[];
  /** ln E now, and the largest it ever was; the latter decides. */
  readonly logE: number;
  readonly peakLogE: number;
};

/** Of the money; the rest waits for a late start. Why so much: `docs/decisions/0069`. */
export const STARTED_AT_ONCE = 0.7;

/** A test that has seen nothing: E = 1. Throws `StatsError` unless at least one block is planned. */
export function openMixture(bets: readonly Bet[], plannedBlocks: number): MixtureTest {
  if (!Number.isInteger(plannedBlocks) || plannedBlocks < 1) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found ${plannedBlocks} planned blocks, expected a whole number from 1`,
      hint: "divide the canary sessions planned for the rollout by those of a block",
    });
  }
  return { plannedBlocks, blocks: 0, logWealth: bets.map(() => -Infinity), logE: 0, peakLogE: 0 };
}

/**
 * The test after one more block, given the block's log-likelihood ratio at each bet.
 *
 * A_j ← (A_j + γ_t π_j) e^{ℓ_t(δ_j)}, E_t = Σ_j A_j + 1 − Σ_{s≤t} γ_s, γ_1 = 0.7 and γ_t = 0.3/(T−1) up to T planned
 * blocks: most of the money bets from the start, the rest joins block by block, so a canary that breaks late is found too.
 * E is a nonnegative supermartingale from 1 wherever no bet is favoured, so P(E ever ≥ 1/α) ≤ α (Ville), at any looks and
 * any stopping. Assumes independent sessions given the past and blocks closed without a look at outcomes.
 * Source: `statistics.md` 3.1; Turner, Ly & Grünwald 2024; Shin, Ramdas & Rinaldo (start-time mixture).
 */
export function observeMixture(bets: readonly Bet[], test: MixtureTest, logLikelihood: readonly number[]): MixtureTest {
  const { plannedBlocks } = test;
  const blocks = test.blocks + 1;
  const logStake = Math.log(stakeAt(blocks, plannedBlocks));
  const logWealth = bets.map((bet, j) => {
    const wealth = logAdd(test.logWealth[j] ?? -Infinity, logStake + Math.log(bet.weight));
    return wealth + (logLikelihood[j] ?? 0);
  });
  const logE = logSumExp([...logWealth, Math.log(unspentAfter(blocks, plannedBlocks))]);
  return { plannedBlocks, blocks, logWealth, logE, peakLogE: Math.max(test.peakLogE, logE) };
}

function stakeAt(block: number, plannedBlocks: number): number {
  if (block === 1) return STARTED_AT_ONCE;
  return block <= plannedBlocks ? (1 - STARTED_AT_ONCE) / (plannedBlocks - 1) : 0;
}

function unspentAfter(block: number, plannedBlocks: number): number {
  if (plannedBlocks === 1) return 1 - STARTED_AT_ONCE;
  return (1 - STARTED_AT_ONCE) * Math.max(0, 1 - (block - 1) / (plannedBlocks - 1));
}

function logAdd(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger === -Infinity ? -Infinity : larger + Math.log1p(Math.exp(Math.min(a, b) - larger));
}
