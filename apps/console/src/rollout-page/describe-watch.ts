import type { RolloutView } from "@perch/api";
import { formatClock } from "./format-time.ts";

/** What watches a release that everybody meets, and what cannot; nothing unless its promotion bakes. */
export function describeWatch({ phase, afterPromotion }: RolloutView): readonly string[] {
  if (phase !== "Succeeded" || afterPromotion === null || afterPromotion.until === null) return [];
  const { until, watching, silent } = afterPromotion;
  const names = watching.length === 0 ? "no gate" : `the objective of ${watching.join(", ")}`;
  return [
    `Until ${formatClock(until)} ${names} can still take it back by what its new sessions show.`,
    ...silent.map(({ gate, because }) => `${gate} judges no new session: ${because}.`),
  ];
}
