import type { RolloutView } from "@perch/api";

const PROMOTED: ReadonlySet<RolloutView["phase"]> = new Set(["Promoting", "Succeeded"]);

/** What watches a release that everybody meets, and what cannot; nothing before it is promoted. */
export function describeAfterPromotion({ phase, afterPromotion }: RolloutView): readonly string[] {
  if (afterPromotion === null || !PROMOTED.has(phase)) return [];
  const { until, watching, silent } = afterPromotion;
  if (phase === "Succeeded" && until === null) return [];
  const end = until === null ? "" : `until ${new Date(until).toISOString()}, `;
  const names = watching.length === 0 ? "no gate watches" : `by the objective of ${watching.join(", ")}`;
  return [
    `bakes         ${end}${names}`,
    ...silent.map(({ gate, because }) => `              ${gate} judges no new session: ${because}`),
  ];
}
