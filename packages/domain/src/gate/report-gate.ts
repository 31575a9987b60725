import { confidenceSequence, differenceAt, probabilityWorse } from "@perch/stats";
import { fastPathAtLogE, rejectAtLogE, windowsOf, type GateEvidence } from "./gate-evidence.ts";
import { CLEAN_WINDOWS_TO_PASS, MIN_WINDOW_SESSIONS, type MergedWindows } from "./merged-windows.ts";
import { judgeNonInferiority, type NonInferiority } from "./non-inferiority.ts";
import { MIN_REFERENCE_SESSIONS } from "./reference.ts";
import { sessionsStillNeeded } from "./sessions-still-needed.ts";
import type { GateReport, Verdict } from "./verdict.ts";

/** α of the interval that people see; it decides nothing. */
const DISPLAY_ALPHA = 0.05;

/** What the step asks of every gate. */
export type StepOutlook = {
  readonly step: number;
  readonly stepsAfter: number;
  readonly canaryWeight: number;
  readonly minCanarySessions: number;
  readonly missingSessions: number;
  readonly isMismatch: boolean;
};

/** One gate's verdict about a step, with its evidence. Every number in it is finite. */
export function reportGate(evidence: GateEvidence, outlook: StepOutlook): GateReport {
  const { gate, totals, rollback, grid, logLikelihood } = evidence;
  const windows = windowsOf(evidence, outlook.step);
  const nonInferiority = judgeNonInferiority(evidence, outlook.stepsAfter);
  const verdict = verdictOf(evidence, { windows, nonInferiority, outlook });
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

type Standing = {
  readonly windows: MergedWindows;
  readonly nonInferiority: NonInferiority;
  readonly outlook: StepOutlook;
};

/** A rejection outweighs everything, a mismatch everything but a rejection; no data never passes. */
function verdictOf(evidence: GateEvidence, { windows, nonInferiority, outlook }: Standing): Verdict {
  if (evidence.rejectedBecause !== null) return { kind: "fail", because: evidence.rejectedBecause };
  if (outlook.isMismatch)
    return { kind: "invalid", because: "sample-ratio mismatch: the arms are not split as the weight says" };
  const waits = [...nonInferiorityWait(evidence, nonInferiority), ...windowWait(windows)];
  if (waits.length > 0) return { kind: "inconclusive", waitingFor: waits.join("; ") };
  return { kind: "pass" };
}

function nonInferiorityWait({ totals }: GateEvidence, nonInferiority: NonInferiority): readonly string[] {
  const { isMet, method, level } = nonInferiority;
  if (isMet) return [];
  if (method === null || level === null) {
    return [`a reference rate from ${MIN_REFERENCE_SESSIONS} baseline sessions (${totals.baselineSessions} so far)`];
  }
  return method === "rate"
    ? [`evidence that fewer than ${percent(level)} of canary sessions are bad`]
    : [`evidence that the odds of a bad session are less than ${level.toFixed(2)} times the baseline's`];
}

function windowWait(windows: MergedWindows): readonly string[] {
  if (windows.clean >= CLEAN_WINDOWS_TO_PASS) return [];
  const sessions = `${MIN_WINDOW_SESSIONS} canary sessions`;
  return [`${CLEAN_WINDOWS_TO_PASS} clean windows of at least ${sessions} in a row (${windows.clean} so far)`];
}

function percent(rate: number): string {
  return `${Number((100 * rate).toFixed(2))} %`;
}
