import { observeMixture, openMixture, type Bet, type MixtureTest } from "./start-time-mixture.ts";

/** Odds ratios that the test bets on, and how much on each (`statistics.md` 3.1). */
export const ROLLBACK_BETS: readonly Bet[] = [
  { oddsRatio: 1.2, weight: 0.1 },
  { oddsRatio: 1.5, weight: 0.2 },
  { oddsRatio: 2, weight: 0.25 },
  { oddsRatio: 3, weight: 0.2 },
  { oddsRatio: 5, weight: 0.12 },
  { oddsRatio: 10, weight: 0.08 },
  { oddsRatio: 30, weight: 0.05 },
];

/** ln of the odds ratios that the rollback test bets on; its evidence is read at exactly these. */
export const ROLLBACK_LOG_ODDS: readonly number[] = ROLLBACK_BETS.map((bet) => Math.log(bet.oddsRatio));

/** The state of one rollback test between blocks. */
export type RollbackTest = MixtureTest;

/** A test that has seen nothing: E = 1. Throws `StatsError` unless at least one block is planned. */
export function openRollbackTest(plannedBlocks: number): RollbackTest {
  return openMixture(ROLLBACK_BETS, plannedBlocks);
}

/**
 * The test after one more block, given the block's log-likelihood ratios at `ROLLBACK_LOG_ODDS`.
 * H0: odds ratio ≤ 1; P(E ever ≥ 1/α) ≤ α under it, at any looks and any stopping. Source: `statistics.md` 3.1.
 */
export function observeRollbackTest(test: RollbackTest, logLikelihood: readonly number[]): RollbackTest {
  return observeMixture(ROLLBACK_BETS, test, logLikelihood);
}

/** Anytime-valid p-value: min(1, 1 / max E). */
export function anytimePValue(test: RollbackTest): number {
  return Math.exp(-Math.max(0, test.peakLogE));
}
