import { confidenceSequence, differenceAt, probabilityWorse } from "@perch/stats";
import { fastPathAtLogE, rejectAtLogE, type GateEvidence } from "./gate-evidence.ts";
import { gateStanding, type StepOutlook } from "./gate-verdict.ts";
import { sessionsStillNeeded } from "./sessions-still-needed.ts";
import type { GateReport } from "./verdict.ts";

/** α of the interval that people see; it decides nothing. */
const DISPLAY_ALPHA = 0.05;

/** One gate's verdict about a step, with its evidence. Every number in it is finite. */
export function reportGate(evidence: GateEvidence, outlook: StepOutlook): GateReport {
  const { gate, totals, rollback, grid, logLikelihood } = evidence;
  const { verdict, windows, nonInferiority } = gateStanding(evidence, outlook);
  const interval = confidenceSequence(grid, logLikelihood, DISPLAY_ALPHA);
  const isDecided = verdict.kind === "pass" || verdict.kind === "fail";
  return {
    gate,
    verdict,
    totals,
    logE: rollback.logE,
    rejectAtLogE: rejectAtLogE(gate),
    fastPathAtLogE: fastPathAtLogE(gate),
    brokenWindows: windows.broken,
    cleanWindows: windows.clean,
    oddsRatio: { low: Math.exp(interval.low), high: Math.exp(interval.high) },
    difference: { low: differenceAt(interval.low, totals), high: differenceAt(interval.high, totals) },
    probabilityWorse: probabilityWorse(grid, logLikelihood),
    nonInferiority,
    moreCanarySessions: isDecided ? null : sessionsStillNeeded(evidence, { ...outlook, windows, nonInferiority }),
  };
}
