import type { GateView } from "@perch/api";
import { formatMs } from "./format-number.ts";

type Unit = NonNullable<GateView["values"]>["unit"];

/** A mean or a quantile in its unit, with three figures: `0.0123` → `$0.0123`, `4210` ms → `4,210 ms`; none → a dash. */
export function formatValue(value: number | null, unit: Unit): string {
  if (value === null) return "–";
  if (unit === "ms") return formatMs(value);
  const text = threeFigures(value);
  return unit === "usd" ? `$${text}` : text;
}

function threeFigures(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}
