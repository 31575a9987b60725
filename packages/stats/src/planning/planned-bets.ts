import { STAKES } from "../mean/betting-test.ts";
import { ROLLBACK_BETS } from "../odds-ratio/rollback-test.ts";
import { STARTED_AT_ONCE, type Bet } from "../odds-ratio/start-time-mixture.ts";
import { FEATURE_BETS } from "../structure/feature-test.ts";
import { evidencePerSession, type PlannedRates } from "./evidence-per-session.ts";
import type { PlannedBet } from "./wealth.ts";

/** The conditional test pays this much over one that knows the baseline's rate (`statistics.md` 1, floor of its class). */
const PRICE_OF_CONDITIONING = 1.1;

/** The bets of a rollback test, of "more canary sessions are like this". */
export function rollbackBets(rates: PlannedRates): readonly PlannedBet[] {
  return oddsBets(ROLLBACK_BETS, rates);
}

/** The bets of a feature's test, which go both ways. */
export function featureBets(rates: PlannedRates): readonly PlannedBet[] {
  return oddsBets(FEATURE_BETS, rates);
}

/**
 * A bet at log odds ratio δ grows by g(0) − g(δ) a canary session, g as in `evidencePerSession`, less the price of not knowing
 * the baseline's rate. Only the money that bets at once is counted.
 */
function oddsBets(bets: readonly Bet[], rates: PlannedRates): readonly PlannedBet[] {
  const againstNone = evidencePerSession(rates, 0);
  return bets.map(({ oddsRatio, weight }) => ({
    share: STARTED_AT_ONCE * weight,
    growth: (againstNone - evidencePerSession(rates, Math.log(oddsRatio))) / PRICE_OF_CONDITIONING,
  }));
}

/** How a canary session's value meets the baseline's, for each canary session on average over the blocks of a weight. */
export type Meetings = {
  /** Observations of one canary session beside its own baseline sessions, and the sum of 1/(how many those are) over them. */
  readonly apart: { readonly observations: number; readonly inverse: number };
  /** Observations of both arms' means, and the sums of 1/(sessions) of either arm. */
  readonly pooled: { readonly observations: number; readonly inverseCanary: number; readonly inverseBaseline: number };
};

/** What an observation can be, over the canary's own sessions; and the variance of one session of each arm in it. */
export type Observed = {
  readonly values: readonly number[];
  readonly canaryVariance: number;
  readonly baselineVariance: number;
};

/**
 * The stakes of a betting test: a stake λ grows by the mean of ln(1 + λ x) over what x can be, less λ² v/2 for the variance v
 * that x has from the few sessions it is compared with (the logarithm's second order). Where both arms' means meet, x has little
 * variance, but there is only one of them a block. Source: `statistics.md` 3.5; theory (growth rate of a bet, Kelly 1956).
 */
export function bettingBets(observed: Observed, { apart, pooled }: Meetings): readonly PlannedBet[] {
  const { values, canaryVariance, baselineVariance } = observed;
  const count = Math.max(1, values.length);
  const middle = values.reduce((sum, x) => sum + x, 0) / count;
  const noise = baselineVariance * (apart.inverse + pooled.inverseBaseline) + canaryVariance * pooled.inverseCanary;
  return STAKES.map((stake) => {
    const ofOne = values.reduce((sum, x) => sum + Math.log1p(stake * x), 0) / count;
    const growth = apart.observations * ofOne + pooled.observations * Math.log1p(stake * middle);
    return { share: 1 / STAKES.length, growth: growth - (stake * stake * noise) / 2 };
  });
}
