/** ln of the odds ratios that a non-inferiority test bets on: a canary that is better, equal, or a little worse. */
export const NON_INFERIORITY_LOG_ODDS: readonly number[] = [0.6, 0.8, 1, 1.1, 1.25].map((ratio) => Math.log(ratio));
