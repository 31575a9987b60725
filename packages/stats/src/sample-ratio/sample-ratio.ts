import { logGamma } from "../numeric/log-gamma.ts";
import { StatsError } from "../numeric/error.ts";

const CONCENTRATION = 1000;

/**
 * ln E of the sample-ratio test over one span of constant weight: has a session in `canaryWeight` of all cases really
 * gone to the canary?
 *
 * ln E = ln Γ(κ) − ln Γ(κ+N) + Σ_a [ln Γ(κ w_a + n_a) − ln Γ(κ w_a)] − Σ_a n_a ln w_a with κ = 1000: a Dirichlet(κw)
 * mixture against the multinomial with shares w. A martingale from 1 when each session is assigned with exactly those
 * shares independently of the past; several spans multiply, so their ln E add up. A weight of 0 or 1 has nothing to
 * compare: 0. Source: Lindon & Malek 2022 (arXiv 2011.03567); `statistics.md` 3.7.
 */
export function logEvidenceOfMismatch(baselineSessions: number, canarySessions: number, canaryWeight: number): number {
  if (!(canaryWeight >= 0 && canaryWeight <= 1) || !(baselineSessions >= 0) || !(canarySessions >= 0)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found ${baselineSessions} and ${canarySessions} sessions at a share of ${canaryWeight}, expected 0 to 1`,
      hint: "5 % is a share of 0.05",
    });
  }
  if (canaryWeight === 0 || canaryWeight === 1) return 0;
  const total = baselineSessions + canarySessions;
  const arms = logGain(canarySessions, canaryWeight) + logGain(baselineSessions, 1 - canaryWeight);
  return arms - (logGamma(CONCENTRATION + total) - logGamma(CONCENTRATION));
}

function logGain(sessions: number, share: number): number {
  const prior = CONCENTRATION * share;
  return logGamma(prior + sessions) - logGamma(prior) - sessions * Math.log(share);
}
