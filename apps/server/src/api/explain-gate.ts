import type { GateReport } from "@perch/domain";

/** A gate's verdict as one sentence for a person. The odds are the e-value: 1:250 is evidence enough at α = 0.4 %. */
export function explainGate(report: GateReport): string {
  const { verdict } = report;
  const odds = `odds ${formatOdds(report.logE)} against no harm`;
  switch (verdict.kind) {
    case "fail":
      return verdict.because === "evidence"
        ? `${odds} (${actsAt(report)})`
        : `broke its objective in ${report.brokenWindows} windows in a row, with ${odds} (${formatOdds(report.fastPathAtLogE)} is enough then)`;
    case "invalid":
      return verdict.because;
    case "pass":
      return `no worse than the margin of ${formatPoints(report.gate.margin)} allows; ${odds} (${actsAt(report)})`;
    case "inconclusive":
      return `${odds} (${actsAt(report)}); needs ${verdict.waitingFor}${more(report.moreCanarySessions)}`;
  }
}

function actsAt({ gate, rejectAtLogE }: GateReport): string {
  const acts = gate.onFail === "rollback" ? "rolls back" : "pauses";
  return gate.role === "muted" ? "only reports" : `${acts} at ${formatOdds(rejectAtLogE)}`;
}

function more(sessions: number | null): string {
  return sessions === null ? "" : `; about ${sessions} more canary sessions`;
}

function formatOdds(logE: number): string {
  if (logE > Math.log(1e9)) return "beyond 1:1,000,000,000";
  const odds = Math.exp(logE);
  if (odds >= 10) return `1:${Math.round(odds).toLocaleString("en-US")}`;
  return odds < 0.01 ? "below 1:0.01" : `1:${odds.toFixed(odds < 1 ? 2 : 1)}`;
}

function formatPoints(margin: number): string {
  return `${Math.round(margin * 1000) / 10} points`;
}
