import { StatsError } from "./error.ts";
import { logBeta } from "./log-beta.ts";

const PRECISION = 1e-15;
/** The fraction converges in about √max(a, b) steps; this is enough for tens of millions of sessions. */
const MOST_STEPS = 20_000;
const TINY = 1e-300;

/**
 * I_x(a, b), the distribution function of Beta(a, b) at x in 0..1, for a, b > 0. Continued fraction by the modified Lentz
 * method, on the side of the mean where it converges fast: relative error about 1e-13 for counts up to 10⁴, 1e-9 at 10⁷.
 * Source: NIST DLMF 8.17.22; Thompson & Barnett 1986 (Lentz). Throws `StatsError` `parameter_out_of_range`.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found I_x(a, b) with x = ${x}, a = ${a}, b = ${b}, expected 0 ≤ x ≤ 1 and a, b above 0`,
      hint: "a prior needs positive weights",
    });
  }
  if (x === 0 || x === 1) return x;
  const logFront = a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b);
  const isLeft = x < (a + 1) / (a + b + 2);
  const tail = isLeft ? (Math.exp(logFront) / a) * fraction(x, a, b) : (Math.exp(logFront) / b) * fraction(1 - x, b, a);
  return Math.min(1, Math.max(0, isLeft ? tail : 1 - tail));
}

function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MOST_STEPS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const change = d * c;
    value *= change;
    if (Math.abs(change - 1) < PRECISION) break;
  }
  return value;
}

/** Lentz' method divides by it. */
function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
