import type { GateView } from "@perch/api";
import type { ArmCounts, EvidencePoint, GateReport } from "@perch/domain";
import { explainGate } from "./explain-gate.ts";

const MOST_POINTS = 300;

export function toGateView(report: GateReport, history: readonly EvidencePoint[]): GateView {
  const { gate, totals, nonInferiority } = report;
  return {
    name: gate.name,
    of: gate.of,
    role: gate.role,
    objective: gate.objective,
    margin: gate.margin,
    verdict: report.verdict.kind,
    explanation: explainGate(report),
    baseline: rate(totals.baselineSessions, totals.baselineBad),
    canary: rate(totals.canarySessions, totals.canaryBad),
    alpha: gate.alpha,
    logE: finite(report.logE),
    rejectAtLogE: report.rejectAtLogE,
    fastPathAtLogE: report.fastPathAtLogE,
    brokenWindows: report.brokenWindows,
    cleanWindows: report.cleanWindows,
    oddsRatio: interval(report.oddsRatio),
    difference: interval(report.difference),
    probabilityWorse: report.probabilityWorse,
    nonInferiority: {
      referenceRate: nonInferiority.referenceRate,
      marginOddsRatio: nonInferiority.marginOddsRatio,
      logE: finite(nonInferiority.logE),
      acceptAtLogE: nonInferiority.acceptAtLogE,
      upperOddsRatio: nonInferiority.upperOddsRatio,
      isMet: nonInferiority.isMet,
    },
    moreCanarySessions: report.moreCanarySessions,
    history: thin(history).map(({ at, canarySessions, logE }) => ({
      at,
      canarySessions,
      logE: logE[gate.name] ?? 0,
    })),
  };
}

function rate(sessions: ArmCounts["canarySessions"], bad: number): GateView["canary"] {
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
