import { StatsError } from "./error.ts";
import { stirlingError } from "./stirling-error.ts";

const HALF_LN_TWO_PI = 0.9189385332046728;
const SERIES_FROM = 16;

/**
 * ln Γ(x) for x > 0. From 16 on Stirling's series; below, Γ(x) = Γ(x + n) / (x (x+1) … (x+n−1)) first lifts x there.
 * Absolute error below 1e-13 for x < 16, relative error below 1e-15 above. Source: NIST DLMF 5.11.1 and 5.5.1.
 */
export function logGamma(x: number): number {
  if (!(x > 0)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found logGamma(${x}), expected an argument above 0`,
      hint: "counts and prior weights of a Dirichlet mixture are positive",
    });
  }
  if (x === Infinity) return Infinity;
  let lifted = x;
  let product = 1;
  while (lifted < SERIES_FROM) {
    product *= lifted;
    lifted += 1;
  }
  // ln Γ(z) = ln z! − ln z, and ln z! = ½ ln(2πz) + z ln z − z + stirlingError(z).
  const atLifted = HALF_LN_TWO_PI + (lifted - 0.5) * Math.log(lifted) - lifted + stirlingError(lifted);
  return atLifted - Math.log(product);
}
