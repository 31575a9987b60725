/**
 * ln Σ exp(x_i), without overflow: the largest term is taken out first. An empty list, and a list of −∞, give −∞
 * (a sum of nothing); a +∞ gives +∞. Source: standard identity, e.g. Blanchard, Higham & Higham 2021 (IMA J. Numer. Anal.).
 */
export function logSumExp(terms: readonly number[]): number {
  let largest = -Infinity;
  for (const term of terms) if (term > largest) largest = term;
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const term of terms) sum += Math.exp(term - largest);
  return largest + Math.log(sum);
}
