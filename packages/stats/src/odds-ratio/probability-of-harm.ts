import { expit, logit } from "../numeric/logit.ts";

/**
 * P(harm | data) = π E/(1 − π + π E), for an operator who believed beforehand with probability π (0..1) that the canary
 * harms: the rollback test's E is the Bayes factor of its odds ratios against "no difference". Source: `statistics.md` 3.11.
 */
export function probabilityOfHarm(logE: number, believedBefore: number): number {
  return expit(logit(believedBefore) + logE);
}
