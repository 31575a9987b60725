import { quantileName, type GateReport } from "@perch/domain";

/** A gate's verdict as one sentence for a person. The odds are the e-value: 1:250 is evidence enough at α = 0.4 %. */
export function explainGate(report: GateReport): string {
  const { verdict } = report;
  const odds = `odds ${formatOdds(report.logE)} ${question(report)}`;
  switch (verdict.kind) {
    case "fail":
      if (verdict.because === "promise") return `${explainPromise(report)}; ${odds} (${actsAt(report)})`;
      return verdict.because === "evidence"
        ? `${odds} (${actsAt(report)})`
        : `broke its objective in ${report.brokenWindows} windows in a row, with ${odds} (${formatOdds(report.fastPathAtLogE)} is enough then)`;
    case "invalid":
      return verdict.because;
    case "pass":
      return `${allowance(report)}; ${odds} (${actsAt(report)})`;
    case "inconclusive":
      return `${odds} (${actsAt(report)}); needs ${verdict.waitingFor}${more(report.moreCanarySessions)}`;
  }
}

/** What was found since the promotion, beside what was promised; null before anything was. */
export function explainPromise({ promise, gate }: GateReport): string | null {
  if (promise === null) return null;
  const { kind, sessions, found, bound } = promise;
  const since = `since the promotion (${sessions} sessions)`;
  if (kind === "rate") return `${formatShare(found)} bad ${since}, promised at most ${formatShare(bound)}`;
  const isFloor = "objective" in gate && gate.objective !== null && "min" in gate.objective;
  return `${gate.of} ${short(found)} ${since}, promised at ${isFloor ? "least" : "most"} ${short(bound)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** What the odds are of. */
function question(report: GateReport): string {
  const { gate, design } = report;
  if (gate.kind === "distribution") return "against no difference";
  if (design === null) return `against no harm${viewOf(report)}`;
  const ratio = design.oddsRatio === null ? "" : ` (an odds ratio of ${design.oddsRatio.toFixed(2)})`;
  return `for ${formatPoints(design.mde)} more${ratio} against no harm`;
}

/** Of two views that are read apart the clearer one, which has half of the error rate to itself. */
function viewOf({ landmark, logE }: GateReport): string {
  if (landmark === null || landmark.rejectAtLogE === null) return "";
  const isAtAge = landmark.logE - Math.LN2 >= logE - 1e-9;
  return isAtAge
    ? `, half of those by sessions at ${formatAge(landmark.ageMs)}`
    : ", half of those by sessions that ended";
}

function formatAge(ageMs: number): string {
  return ageMs < 60_000 ? `${Math.round(ageMs / 1000)} s` : `${Number((ageMs / 60_000).toFixed(1))} min`;
}

/** What a gate that passes says. */
function allowance({ gate }: GateReport): string {
  switch (gate.kind) {
    case "proportion":
    case "score":
      return `no worse than the margin of ${formatPoints(gate.margin)} allows`;
    case "mean":
    case "rate":
      return `a mean no worse than the margin of ${formatMargin(gate.margin)} allows`;
    case "quantile":
      return `${quantileName(gate.q)} no more than ${formatShare(gate.margin)} above the baseline's`;
    case "distribution":
      return "no difference of tool use was found";
    case "absolute":
      return "keeps its objective";
  }
}

function formatMargin(margin: { readonly relative: number } | { readonly absolute: number }): string {
  return "relative" in margin ? formatShare(margin.relative) : short(margin.absolute);
}

function formatShare(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
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
