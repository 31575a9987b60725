import { logSumExp } from "../numeric/log-sum-exp.ts";

/**
 * ln of the mean of the features' E: evidence that *something* in the structure differs. A mean of e-processes over the same
 * blocks is one, whatever the dependence between features. No features: 0. Source: `statistics.md` 3.6.
 */
export function logStructuralEvidence(logE: readonly number[]): number {
  return logE.length === 0 ? 0 : logSumExp(logE) - Math.log(logE.length);
}

/**
 * Which features may be named with a false discovery rate of at most α: e-BH, the largest k such that the k-th largest E is
 * at least K/(αk). Indices by falling evidence. For the report of one moment, not for decisions at data-dependent times.
 * Source: Wang & Ramdas (arXiv 2009.02824); Tavyrikov, Goeman & de Heide 2025 (arXiv 2501.19360) on its limits.
 */
export function discoveries(logE: readonly number[], alpha: number): readonly number[] {
  const order = [...logE.keys()].toSorted((a, b) => (logE[b] ?? 0) - (logE[a] ?? 0) || a - b);
  for (let k = order.length; k > 0; k -= 1) {
    const atK = logE[order[k - 1] ?? 0] ?? 0;
    if (atK >= Math.log(logE.length / (alpha * k))) return order.slice(0, k);
  }
  return [];
}
