import { integrate } from "../numeric/gauss-legendre.ts";
import { incompleteBeta } from "../numeric/incomplete-beta.ts";
import { logBeta } from "../numeric/log-beta.ts";
import { expit } from "../numeric/logit.ts";
import type { BetaBelief } from "./beta-prior.ts";

/** Standard deviations of ln odds around the mode where the panels are cut; the outermost leave less than 1e-12 out. */
const CUTS = [-60, -20, -8, -3, -1, 0, 1, 3, 8, 20, 60] as const;

/**
 * P(p_c > p_b + d) for independent beliefs about the two rates: ∫ f_b(y) (1 − I_{y+d}(a_c, b_c)) dy, 60 Gauss–Legendre
 * nodes on each panel. The integral runs over ln odds of y, where the density has no spikes at 0 and 1. d is an absolute
 * difference, 0 unless said. For people to read, never for a decision: it is not protected against looking often.
 * Source: `statistics.md` 3.4.
 */
export function probabilityHigher(baseline: BetaBelief, canary: BetaBelief, by = 0): number {
  const { a, b } = baseline;
  const mode = Math.log(a / b);
  const spread = Math.sqrt(1 / a + 1 / b);
  const logScale = logBeta(a, b);
  const total = integrate(
    (logOdds) => {
      // a ln y + b ln(1−y), without cancellation on either side.
      const logDensity = -a * softplus(-logOdds) - b * softplus(logOdds) - logScale;
      if (logDensity < -745) return 0;
      const level = expit(logOdds) + by;
      const above = level <= 0 ? 1 : level >= 1 ? 0 : 1 - incompleteBeta(level, canary.a, canary.b);
      return Math.exp(logDensity) * above;
    },
    CUTS.map((cut) => mode + cut * spread),
  );
  return Math.min(1, Math.max(0, total));
}

/**
 * E[(p_c − p_b)⁺], the expected loss of shipping the canary, as a rate:
 * a_c/(a_c+b_c) · P(p_c > p_b | a_c + 1) − a_b/(a_b+b_b) · P(p_c > p_b | a_b + 1). Source: `statistics.md` 3.4.
 */
export function expectedLoss(baseline: BetaBelief, canary: BetaBelief): number {
  const ofCanary = probabilityHigher(baseline, { ...canary, a: canary.a + 1 });
  const ofBaseline = probabilityHigher({ ...baseline, a: baseline.a + 1 }, canary);
  const loss = (canary.a / (canary.a + canary.b)) * ofCanary - (baseline.a / (baseline.a + baseline.b)) * ofBaseline;
  return Math.max(0, loss);
}

/** ln(1 + e^x). */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
