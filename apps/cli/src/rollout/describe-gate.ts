import type { GateView } from "@perch/api";
import { formatOdds } from "./format-odds.ts";

/** Of differences and segments, what a person on call reads without asking for more. */
const MOST_DETAILS = 5;

/** One gate in a line, and below it what tool use or which segment differs. `width`: of the longest gate's name. */
export function describeGate(gate: GateView, width: number): readonly string[] {
  const head = `  ${gate.name.padEnd(width)}  ${gate.verdict.padEnd(12)}`;
  const indent = " ".repeat(width + 6);
  return [
    `${head}  ${armsOf(gate)}  ${gate.explanation}`,
    ...[...promiseOf(gate), ...landmarkOf(gate), ...findingsOf(gate), ...segmentsOf(gate)].map(
      (detail) => indent + detail,
    ),
  ];
}

function armsOf({ kind, values, baseline, canary }: GateView): string {
  if (kind === "distribution") return `${canary.sessions} canary sessions compared`;
  if (values === null) return `${percent(baseline.rate)} → ${percent(canary.rate)}`;
  const { statistic, unit } = values;
  return `${statistic} ${amount(values.baseline, unit)} → ${amount(values.canary, unit)}`;
}

function promiseOf({ promise, verdict }: GateView): readonly string[] {
  // A gate that fails on it says so already.
  return promise === null || verdict === "fail" ? [] : [promise.sentence];
}

function landmarkOf({ landmark }: GateView): readonly string[] {
  if (landmark === null) return [];
  const { ageMs } = landmark;
  const age = ageMs < 60_000 ? `${Math.round(ageMs / 1000)} s` : `${Number((ageMs / 60_000).toFixed(1))} min`;
  const rates = `${percent(landmark.baseline.rate)} → ${percent(landmark.canary.rate)}`;
  const odds = formatOdds(landmark.logE);
  const limit = landmark.rejectAtLogE === null ? "" : ` of ${formatOdds(landmark.rejectAtLogE)}`;
  return [`bad or not over after ${age}: ${rates} of ${landmark.canary.sessions} canary sessions (${odds}${limit})`];
}

function findingsOf({ findings }: GateView): readonly string[] {
  return findings
    .slice(0, MOST_DETAILS)
    .map(
      ({ sentence, logE, isEstablished }) =>
        `${sentence}: ${formatOdds(logE)}${isEstablished ? "" : ", may be chance"}`,
    );
}

/** Only where there is any evidence: most segments are like the whole. */
function segmentsOf({ segments }: GateView): readonly string[] {
  return segments
    .filter(({ logE }) => logE > 0)
    .slice(0, MOST_DETAILS)
    .map(({ segment, baseline, canary, logE }) => {
      const rates = `${percent(baseline.rate)} → ${percent(canary.rate)}`;
      return `${segment}: ${rates} of ${canary.sessions} canary sessions (${formatOdds(logE)})`;
    });
}

function percent(rate: number | null): string {
  return rate === null ? "–" : `${(rate * 100).toFixed(1)} %`;
}

function amount(value: number | null, unit: NonNullable<GateView["values"]>["unit"]): string {
  if (value === null) return "–";
  const text = Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
  if (unit === "ms") return `${text} ms`;
  return unit === "usd" ? `$${text}` : text;
}
