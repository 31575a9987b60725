import type { Change, ComponentDiff, OrderChange } from "./change.ts";
import { rankOf } from "./rank.ts";
import { breaksWords } from "./words.ts";

type Parts = {
  readonly total: number;
  readonly components: readonly ComponentDiff[];
  readonly orders: readonly OrderChange[];
  /** The very same release. */
  readonly isSame: boolean;
};

/** `3 of 7 components changed; what matters most: tool "refund" now writes (read → write), breaking for agents` */
export function summarize({ total, components, orders, isSame }: Parts): string {
  const changed = `${components.length} of ${total} components changed`;
  const most = weightiest(components);
  if (most !== null) return `${changed}; what matters most: ${most}`;
  const [order] = orders;
  if (order === undefined) return isSame ? "no differences" : "no differences but the release's name";
  return `${changed}; what matters most: ${order.words}`;
}

function weightiest(components: readonly ComponentDiff[]): string | null {
  let best: { readonly rank: number; readonly label: string; readonly change: Change } | null = null;
  for (const { kind, label, changes } of components) {
    for (const change of changes) {
      const rank = rankOf(change, kind);
      if (best === null || rank < best.rank) best = { rank, label, change };
    }
  }
  if (best === null) return null;
  const breaks = breaksWords(best.change.breaks);
  return `${best.label} ${best.change.words}${breaks === "" ? "" : `, ${breaks}`}`;
}
