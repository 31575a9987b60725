import { logChoose } from "../numeric/log-choose.ts";
import { isInformative, type BlockCounts } from "./block-counts.ts";

/** Up to this many powers of the largest odds ratio stay far inside the range of a double. */
const NARROW_EXPONENT = 300;
/** Terms smaller than this share of the sum cannot change it. */
const NEGLIGIBLE = 1e-18;

type Support = { readonly lowest: number; readonly highest: number; readonly bad: number };

/**
 * ℓ(δ) = δ x_c − ln S(δ) + ln S(0), S(δ) = Σ_k C(n_c,k) C(n_b,y−k) e^{δk}: the log-likelihood ratio of log odds ratio δ
 * against 0, given the number y of bad sessions in the block, for every δ of the list.
 *
 * Given y, the canary's bad sessions follow Fisher's noncentral hypergeometric distribution, so the baseline's rate
 * cancels. Assumes that sessions are independent given the past and that the block closed without a look at outcomes.
 * A block without information gives zeros. Cost: grid × support for ordinary blocks; blocks of thousands of sessions sum
 * outward from the mode only as far as terms count. Source: McCullagh & Nelder 1989, 7.3.2; Fog 2008 (mode).
 */
export function blockLogLikelihood(counts: BlockCounts, logOdds: readonly number[]): readonly number[] {
  if (!isInformative(counts)) return logOdds.map(() => 0);
  const { baselineSessions, canarySessions, canaryBad } = counts;
  const bad = counts.baselineBad + canaryBad;
  const support = { lowest: Math.max(0, bad - baselineSessions), highest: Math.min(canarySessions, bad), bad };
  let steepest = 0;
  for (const delta of logOdds) steepest = Math.max(steepest, Math.abs(delta));
  const isNarrow = (support.highest - support.lowest) * Math.max(steepest, 1) <= NARROW_EXPONENT;
  return isNarrow ? overNarrowSupport(counts, support, logOdds) : overWideSupport(counts, support, logOdds);
}

/** Weights relative to the largest, once; then a polynomial in the odds ratio by Horner's rule for each δ. */
function overNarrowSupport(counts: BlockCounts, support: Support, logOdds: readonly number[]): readonly number[] {
  const weights = weightsFromMode(counts, support);
  let sumAtZero = 0;
  for (const weight of weights) sumAtZero += weight;
  const logSumAtZero = Math.log(sumAtZero);
  const beyondLowest = counts.canaryBad - support.lowest;
  const highest = weights[weights.length - 1] ?? 0;
  // A copy that is written over: the quickest way to a list of this length.
  const values = logOdds.slice();
  for (let j = 0; j < values.length; j += 1) {
    const delta = logOdds[j] ?? 0;
    const oddsRatio = Math.exp(delta);
    let sum = highest;
    for (let i = weights.length - 2; i >= 0; i -= 1) sum = sum * oddsRatio + (weights[i] ?? 0);
    values[j] = delta * beyondLowest - Math.log(sum) + logSumAtZero;
  }
  return values;
}

function weightsFromMode(counts: BlockCounts, support: Support): readonly number[] {
  const { lowest, highest } = support;
  const mode = modeAt(counts, support, 1);
  const weights = Array.from({ length: highest - lowest + 1 }, () => 1);
  let weight = 1;
  for (let k = mode; k < highest; k += 1) {
    weight *= ratioUp(counts, support, k);
    weights[k + 1 - lowest] = weight;
  }
  weight = 1;
  for (let k = mode; k > lowest; k -= 1) {
    weight /= ratioUp(counts, support, k - 1);
    weights[k - 1 - lowest] = weight;
  }
  return weights;
}

function overWideSupport(counts: BlockCounts, support: Support, logOdds: readonly number[]): readonly number[] {
  const logSumAtZero = logSumFromMode(counts, support, 0);
  return logOdds.map((delta) =>
    delta === 0 ? 0 : delta * counts.canaryBad - logSumFromMode(counts, support, delta) + logSumAtZero,
  );
}

/** ln S(δ): the term at the mode of the tilted distribution, times a sum outward from it by the ratio of neighbours. */
function logSumFromMode(counts: BlockCounts, support: Support, delta: number): number {
  const oddsRatio = Math.exp(delta);
  const mode = modeAt(counts, support, oddsRatio);
  let sum = 1;
  let term = 1;
  for (let k = mode; k < support.highest && term > NEGLIGIBLE * sum; k += 1) {
    term *= ratioUp(counts, support, k) * oddsRatio;
    sum += term;
  }
  term = 1;
  for (let k = mode; k > support.lowest && term > NEGLIGIBLE * sum; k -= 1) {
    term /= ratioUp(counts, support, k - 1) * oddsRatio;
    sum += term;
  }
  const logTermAtMode =
    logChoose(counts.canarySessions, mode) + logChoose(counts.baselineSessions, support.bad - mode) + delta * mode;
  return logTermAtMode + Math.log(sum);
}

/** w(k+1) / w(k), by which neighbouring terms of S(0) differ. */
function ratioUp(counts: BlockCounts, support: Support, k: number): number {
  const { baselineSessions, canarySessions } = counts;
  return ((canarySessions - k) / (k + 1)) * ((support.bad - k) / (baselineSessions - support.bad + k + 1));
}

/** The mode of Fisher's noncentral hypergeometric distribution, from the root of a quadratic (Fog 2008, eq. 12). */
function modeAt(counts: BlockCounts, support: Support, oddsRatio: number): number {
  const { baselineSessions, canarySessions } = counts;
  const a = 1 - oddsRatio;
  const b = (canarySessions + support.bad + 2) * oddsRatio - (support.bad - baselineSessions);
  const c = -(canarySessions + 1) * (support.bad + 1) * oddsRatio;
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  // Of the two equal forms of the root, the one that does not subtract nearly equal numbers.
  const mode = Math.floor(b > 0 ? (-2 * c) / (b + root) : (root - b) / (2 * a));
  return Math.min(support.highest, Math.max(support.lowest, mode));
}
