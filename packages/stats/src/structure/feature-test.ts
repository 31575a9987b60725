import { observeMixture, openMixture, type Bet, type MixtureTest } from "../odds-ratio/start-time-mixture.ts";

export const FEATURE_BETS: readonly Bet[] = [0.1, 0.25, 0.5, 0.67, 1.5, 2, 4, 10].map((oddsRatio) => ({
  oddsRatio,
  weight: 1 / 8,
}));

/** ln of the odds ratios that a feature's test bets on, rarer as well as more frequent. */
export const FEATURE_LOG_ODDS: readonly number[] = FEATURE_BETS.map((bet) => Math.log(bet.oddsRatio));

/** The test of one feature: "as many canary as baseline sessions contain it". */
export type FeatureTest = MixtureTest;

/** A test that has seen nothing. Throws `StatsError` unless at least one block is planned. */
export function openFeatureTest(plannedBlocks: number): FeatureTest {
  return openMixture(FEATURE_BETS, plannedBlocks);
}

/**
 * The test after one more block, given the block's log-likelihood ratios at `FEATURE_LOG_ODDS`. H0: odds ratio = 1;
 * P(E ever ≥ 1/α) ≤ α under it. Source: `statistics.md` 3.6.
 */
export function observeFeatureTest(test: FeatureTest, logLikelihood: readonly number[]): FeatureTest {
  return observeMixture(FEATURE_BETS, test, logLikelihood);
}
