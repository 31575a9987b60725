import type { GateView } from "@perch/api";
import { formatPercent, formatPoints } from "./format-number.ts";
import { formatValue } from "./format-value.ts";

/** How much worse is tolerated: points of a rate, a share of the baseline's value, or an amount. */
export function formatMargin({ margin, isMarginRelative, values }: GateView): string {
  if (margin === null) return "none";
  if (isMarginRelative) return `+${formatPercent(margin)} of the baseline`;
  return values === null ? formatPoints(margin) : formatValue(margin, values.unit);
}
