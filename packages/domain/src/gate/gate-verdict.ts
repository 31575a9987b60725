import { windowsOf, type GateEvidence } from "./gate-evidence.ts";
import { CLEAN_WINDOWS_TO_PASS, MIN_WINDOW_SESSIONS, type MergedWindows } from "./merged-windows.ts";
import { judgeNonInferiority, type NonInferiority } from "./non-inferiority.ts";
import { MIN_REFERENCE_SESSIONS } from "./reference.ts";
import type { Verdict } from "./verdict.ts";

/** What the step asks of every gate. */
export type StepOutlook = {
  readonly step: number;
  readonly stepsAfter: number;
  readonly canaryWeight: number;
  readonly minCanarySessions: number;
  readonly missingSessions: number;
  readonly isMismatch: boolean;
  /** Somebody has looked at it and goes on all the same. */
  readonly isMismatchAccepted: boolean;
};

/** One gate's verdict about a step, and what it rests on besides the evidence of harm. */
export type GateStanding = {
  readonly verdict: Verdict;
  readonly windows: MergedWindows;
  readonly nonInferiority: NonInferiority;
};

/** A rejection outweighs everything, a mismatch everything but a rejection; no data never passes. */
export function gateStanding(evidence: GateEvidence, outlook: StepOutlook): GateStanding {
  const windows = windowsOf(evidence, outlook.step);
  const nonInferiority = judgeNonInferiority(evidence, outlook.stepsAfter);
  return { verdict: verdictOf(evidence, { windows, nonInferiority, outlook }), windows, nonInferiority };
}

function verdictOf(
  evidence: GateEvidence,
  { windows, nonInferiority, outlook }: Omit<GateStanding, "verdict"> & { readonly outlook: StepOutlook },
): Verdict {
  if (evidence.rejectedBecause !== null) return { kind: "fail", because: evidence.rejectedBecause };
  if (outlook.isMismatch && !outlook.isMismatchAccepted)
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
