import type { GateView } from "@perch/api";
import type { ArmCounts, EvidencePoint, GateReport, GateSpec, ValuesReading } from "@perch/domain";
import { explainGate, explainPromise } from "./explain-gate.ts";

const MOST_POINTS = 300;

export function toGateView(report: GateReport, history: readonly EvidencePoint[]): GateView {
  const { gate, totals, rates } = report;
  return {
    name: gate.name,
    kind: gate.kind,
    of: gate.of,
    role: gate.role,
    objective: "objective" in gate ? gate.objective : null,
    ...marginOf(gate),
    verdict: report.verdict.kind,
    explanation: explainGate(report),
    ...armsOf(totals),
    alpha: gate.alpha,
    logE: finite(report.logE),
    rejectAtLogE: report.rejectAtLogE,
    fastPathAtLogE: report.fastPathAtLogE,
    brokenWindows: report.brokenWindows,
    cleanWindows: report.cleanWindows,
    design: report.design,
    oddsRatio: rates && interval(rates.oddsRatio),
    difference: rates && interval(rates.difference),
    probabilityWorse: rates && rates.probabilityWorse,
    values: report.values && { ...report.values, ...rangesOf(report.values), unit: unitOf(gate) },
    findings: report.findings.map((finding) => ({ ...finding, logE: finite(finding.logE) })),
    segments: report.segments.map(({ segment, totals, logE }) => ({ segment, ...armsOf(totals), logE: finite(logE) })),
    landmark: landmarkOf(report),
    nonInferiority: nonInferiorityOf(report),
    promise: promiseOf(report),
    moreCanarySessions: report.moreCanarySessions,
    history: thin(history).map(({ at, canarySessions, logE }) => ({
      at,
      canarySessions,
      logE: logE[gate.name] ?? 0,
    })),
  };
}

function marginOf(gate: GateSpec): Pick<GateView, "margin" | "isMarginRelative"> {
  if (!("margin" in gate)) return { margin: null, isMarginRelative: false };
  if (typeof gate.margin === "number") return { margin: gate.margin, isMarginRelative: gate.kind === "quantile" };
  return "relative" in gate.margin
    ? { margin: gate.margin.relative, isMarginRelative: true }
    : { margin: gate.margin.absolute, isMarginRelative: false };
}

function unitOf({ of }: GateSpec): "ms" | "usd" | "" {
  if (of === "cost" || of === "cost-per-resolution") return "usd";
  const isTime = of === "duration" || of === "slowest-turn" || of === "first-response" || of === "slowest-first-byte";
  return isTime ? "ms" : "";
}

function rangesOf({ ratio, baselineRange, canaryRange }: ValuesReading) {
  return {
    ratio: ratio && interval(ratio),
    baselineRange: baselineRange && interval(baselineRange),
    canaryRange: canaryRange && interval(canaryRange),
  };
}

function landmarkOf({ landmark }: GateReport): GateView["landmark"] {
  if (landmark === null) return null;
  const { ageMs, totals, logE, rejectAtLogE } = landmark;
  return { ageMs, ...armsOf(totals), logE: finite(logE), rejectAtLogE };
}

function nonInferiorityOf({ nonInferiority }: GateReport): GateView["nonInferiority"] {
  const { referenceRate, marginOddsRatio, logE, acceptAtLogE, upperOddsRatio, isMet } = nonInferiority;
  return { referenceRate, marginOddsRatio, logE: finite(logE), acceptAtLogE, upperOddsRatio, isMet };
}

function promiseOf(report: GateReport): GateView["promise"] {
  const sentence = explainPromise(report);
  return report.promise === null || sentence === null ? null : { ...report.promise, sentence };
}

function armsOf(totals: ArmCounts): Pick<GateView, "baseline" | "canary"> {
  return {
    baseline: rate(totals.baselineSessions, totals.baselineBad),
    canary: rate(totals.canarySessions, totals.canaryBad),
  };
}

function rate(sessions: number, bad: number): GateView["canary"] {
  return { sessions, bad, rate: sessions === 0 ? null : bad / sessions };
}

/** JSON has no infinities; beyond this nobody tells the difference. */
function finite(value: number): number {
  return Number.isNaN(value) ? 0 : Math.max(-1e6, Math.min(1e6, value));
}

function interval({ low, high }: { low: number; high: number }): { low: number; high: number } {
  return { low: finite(low), high: finite(high) };
}

/** At most as many points as a chart can show; the first and the last are always among them. */
function thin(history: readonly EvidencePoint[]): readonly EvidencePoint[] {
  if (history.length <= MOST_POINTS) return history;
  const stride = (history.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, index) => history[Math.round(index * stride)]).filter(
    (point) => point !== undefined,
  );
}
