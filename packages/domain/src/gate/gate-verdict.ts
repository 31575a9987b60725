import { windowsOf, type GateEvidence } from "./gate-evidence.ts";
import type { GateSpec } from "./gate-spec.ts";
import { totalsOf, type Learnt } from "./learnt.ts";
import { CLEAN_WINDOWS_TO_PASS, MIN_WINDOW_SESSIONS, type MergedWindows } from "./merged-windows.ts";
import { judgeNonInferiority, type NonInferiority } from "./non-inferiority.ts";
import { MIN_REFERENCE_SESSIONS } from "./reference.ts";
import { quantileName } from "./quantile-name.ts";
import { MIN_GATHERED_SESSIONS } from "./structure-evidence.ts";
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
  const nonInferiority = judgeNonInferiority(evidence.learnt, outlook.stepsAfter);
  return { verdict: verdictOf(evidence, { windows, nonInferiority, outlook }), windows, nonInferiority };
}

function verdictOf(
  evidence: GateEvidence,
  { windows, nonInferiority, outlook }: Omit<GateStanding, "verdict"> & { readonly outlook: StepOutlook },
): Verdict {
  if (evidence.rejectedBecause !== null) return { kind: "fail", because: evidence.rejectedBecause };
  if (outlook.isMismatch && !outlook.isMismatchAccepted)
    return { kind: "invalid", because: "sample-ratio mismatch: the arms are not split as the weight says" };
  if (evidence.evaluators.length > 1)
    return {
      kind: "invalid",
      because: `the evaluator changed on the way (${evidence.evaluators.join(", ")}): scores of different versions cannot be compared`,
    };
  const waits = [...nonInferiorityWait(evidence, nonInferiority), ...windowWait(windows)];
  if (waits.length > 0) return { kind: "inconclusive", waitingFor: waits.join("; ") };
  return { kind: "pass" };
}

function nonInferiorityWait({ gate, learnt }: GateEvidence, nonInferiority: NonInferiority): readonly string[] {
  const { isMet, method, level } = nonInferiority;
  if (isMet) return [];
  if (method === null || level === null) return [missingReference(learnt)];
  switch (method) {
    case "odds-ratio":
      return [`evidence that the odds of a bad session are less than ${level.toFixed(2)} times the baseline's`];
    case "rate":
      return [`evidence that fewer than ${percent(level)} of canary sessions are bad`];
    case "mean":
      return [`evidence that the mean of ${gate.of} is not worse than the baseline's by ${amountOf(gate, level)}`];
    case "exceedance":
      return [exceedanceWait(gate, level)];
    case "sessions":
      return [`${level} compared canary sessions (${totalsOf(learnt).canarySessions} so far)`];
  }
}

function missingReference(learnt: Learnt): string {
  const { baselineSessions } = totalsOf(learnt);
  if (learnt.kind === "structure") {
    const seen = learnt.gathered.sessions;
    return `the features of ${MIN_GATHERED_SESSIONS} baseline sessions (${seen} so far)`;
  }
  return `a reference rate from ${MIN_REFERENCE_SESSIONS} baseline sessions (${baselineSessions} so far)`;
}

function exceedanceWait(gate: GateSpec, level: number): string {
  if (gate.kind !== "quantile") return "";
  const times = level > 1 ? ` at odds of less than ${level.toFixed(0)} to 1` : "";
  return `evidence that the canary exceeds ${percent(1 + gate.margin)} of the baseline's ${quantileName(gate.q)} no more often than the baseline exceeds the whole${times}`;
}

function amountOf(gate: GateSpec, level: number): string {
  const isRelative = "margin" in gate && typeof gate.margin === "object" && "relative" in gate.margin;
  return isRelative ? percent(level) : String(Number(level.toPrecision(4)));
}

function windowWait(windows: MergedWindows): readonly string[] {
  if (windows.clean >= CLEAN_WINDOWS_TO_PASS) return [];
  const sessions = `${MIN_WINDOW_SESSIONS} canary sessions`;
  return [`${CLEAN_WINDOWS_TO_PASS} clean windows of at least ${sessions} in a row (${windows.clean} so far)`];
}

function percent(rate: number): string {
  return `${Number((100 * rate).toFixed(2))} %`;
}
