/** ln(p / (1 − p)); 0 and 1 give −∞ and +∞. `log1p` keeps rates such as 1e-6 and 1 − 1e-6 exact. */
export function logit(probability: number): number {
  return Math.log(probability) - Math.log1p(-probability);
}

/** 1 / (1 + e^−x), the inverse of `logit`; never overflows, because the exponent is never positive. */
export function expit(logOdds: number): number {
  if (logOdds >= 0) return 1 / (1 + Math.exp(-logOdds));
  const odds = Math.exp(logOdds);
  return odds / (1 + odds);
}
