import { logSumExp } from "@perch/stats";
import type { Block, LandmarkReading } from "./block.ts";
import type { GateReference } from "./gate-reference.ts";
import type { GateSpec } from "./gate-spec.ts";
import { logHarmOfCounts } from "./count-evidence.ts";
import { canarySessionsOfLandmark, isReadApart, logClearer, observeAtAge } from "./landmark-evidence.ts";
import { logHarmOf, observeLearnt, openLearnt, totalsOf, type Learnt } from "./learnt.ts";
import { mergeWindow, NO_WINDOWS, type MergedWindows } from "./merged-windows.ts";
import { promiseOf } from "./promise.ts";
import { observePromise, openPromise, type PromiseEvidence } from "./promise-evidence.ts";
import { readWindow } from "./read-window.ts";

/** Canary sessions before a gate may reject. Not needed for validity; a rollback on a handful convinces nobody. */
const MIN_CANARY_SESSIONS_TO_REJECT = 10;
/** Broken windows reject on two thirds of the evidence: why no less is in `docs/decisions/0069`. */
const FAST_PATH_DIVISOR = 1.5;

/** Everything one gate has learnt over the whole rollout. */
export type GateEvidence = {
  readonly gate: GateSpec;
  readonly learnt: Learnt;
  /** What sessions that began after the promotion have shown; null before the first of them. */
  readonly promise: PromiseEvidence | null;
  /** Evidence of harm now, and the largest it ever was, ln E; the latter decides. After a promotion of both together. */
  readonly logE: number;
  readonly peakLogE: number;
  /** Why the gate rejects. Once set it stays: later sessions cannot take evidence back. */
  readonly rejectedBecause: "evidence" | "slo" | "promise" | null;
  /** Versions of the evaluators behind its scores, sorted. More than one, and it no longer compares like with like. */
  readonly evaluators: readonly string[];
  /** By step, so that clean windows are always those of the step that is to be left. */
  readonly windows: Readonly<Record<number, MergedWindows>>;
};

export type EvidenceSettings = {
  readonly windowMs: number;
  readonly consecutiveFailureLimit: number;
  readonly plannedBlocks: number;
};

/** ln(1/α_g): where evidence alone rejects. */
export function rejectAtLogE(gate: GateSpec): number {
  return -Math.log(gate.alpha);
}

/** ln(1/(1.5 α_g)): the evidence that broken windows need besides. */
export function fastPathAtLogE(gate: GateSpec): number {
  return Math.max(0, -Math.log(FAST_PATH_DIVISOR * gate.alpha));
}

export function openGateEvidence(gate: GateSpec, reference: GateReference, plannedBlocks: number): GateEvidence {
  const learnt = openLearnt(gate, reference, plannedBlocks);
  return { gate, learnt, promise: null, logE: 0, peakLogE: 0, rejectedBecause: null, evaluators: [], windows: {} };
}

/** The gate's evidence after one more block. What an evaluator says that was changed on the way is not evidence any more. */
export function observeGate(evidence: GateEvidence, block: Block, settings: EvidenceSettings): GateEvidence {
  const { gate } = evidence;
  const evaluators = withVersions(evidence.evaluators, block.evaluators?.[gate.name]);
  if (evaluators.length > 1) return { ...evidence, evaluators };
  const learnt = observeLearnt(evidence.learnt, block, gate.name);
  const { part, largestBadRate } = readWindow(gate, block);
  const windows = mergeWindow(windowsOf(evidence, block.step), part, { windowMs: settings.windowMs, largestBadRate });
  const seen = {
    ...evidence,
    ...harmIn(evidence, learnt, evidence.promise),
    evaluators,
    windows: { ...evidence.windows, [block.step]: windows },
  };
  return seen.rejectedBecause === null ? { ...seen, rejectedBecause: rejection(seen, windows, settings) } : seen;
}

/** The same after sessions were read at the gate's age. Windows are of ended sessions, and stay as they are. */
export function observeGateAtAge(evidence: GateEvidence, reading: LandmarkReading): GateEvidence {
  const evaluators = withVersions(evidence.evaluators, reading.evaluators);
  if (evaluators.length > 1 || evidence.learnt.kind !== "landmark") return { ...evidence, evaluators };
  const learnt = observeAtAge(evidence.learnt, reading.counts);
  const seen = { ...evidence, ...harmIn(evidence, learnt, evidence.promise), evaluators };
  return seen.rejectedBecause === null && isProven(seen) ? { ...seen, rejectedBecause: "evidence" } : seen;
}

/**
 * The gate's evidence after one more block of sessions that began after the promotion: without a baseline beside them only their
 * promise is judged. The same object for a gate that has none.
 */
export function observeAlone(evidence: GateEvidence, block: Block, { plannedBlocks }: EvidenceSettings): GateEvidence {
  const { gate, learnt } = evidence;
  const terms = promiseOf(gate);
  if (terms.kind === "none") return evidence;
  const evaluators = withVersions(evidence.evaluators, block.evaluators?.[gate.name]);
  if (evaluators.length > 1) return { ...evidence, evaluators };
  const opened = evidence.promise ?? openPromise(terms, stakeOf(evidence), plannedBlocks);
  const promise = observePromise(opened, gate, block);
  const seen = { ...evidence, ...harmIn(evidence, learnt, promise), promise, evaluators };
  return seen.rejectedBecause === null && isProven(seen) ? { ...seen, rejectedBecause: "promise" } : seen;
}

function harmIn(
  { peakLogE }: GateEvidence,
  learnt: Learnt,
  promise: PromiseEvidence | null,
): Pick<GateEvidence, "learnt" | "logE" | "peakLogE"> {
  const logE = logEvidence(learnt, promise);
  return { learnt, logE, peakLogE: Math.max(peakLogE, logE) };
}

/**
 * ln E of everything. When the first session after the promotion is read, half of the evidence's money stays with the comparison
 * and half goes to the promise: E = ½E_t + ½E_τP_t. Nothing is bet twice, so 1/α_g bounds the whole rollout (`docs/decisions/0081`).
 * A promise is about sessions as they ended, so that of two views with half of the error rate each it is that one's.
 */
function logEvidence(learnt: Learnt, promise: PromiseEvidence | null): number {
  if (promise === null) return logHarmOf(learnt);
  if (!isReadApart(learnt)) return withPromise(logHarmOf(learnt), promise);
  return logClearer([withPromise(logHarmOfCounts(learnt.ended), promise), logHarmOfCounts(learnt.atAge)]);
}

function withPromise(compared: number, { stakedLogE, test }: PromiseEvidence): number {
  return logSumExp([compared, stakedLogE + test.logE]) - Math.LN2;
}

function stakeOf({ learnt, logE }: GateEvidence): number {
  return isReadApart(learnt) ? logHarmOfCounts(learnt.ended) : logE;
}

/** The merged windows of a step; none yet is a value too. */
export function windowsOf(evidence: GateEvidence, step: number): MergedWindows {
  return evidence.windows[step] ?? NO_WINDOWS;
}

function rejection(
  evidence: GateEvidence,
  windows: MergedWindows,
  { consecutiveFailureLimit }: EvidenceSettings,
): "evidence" | "slo" | null {
  if (!hasSeenEnough(evidence)) return null;
  if (isProven(evidence)) return "evidence";
  // Looked at when a window ends, not block by block after it: extra looks would cost false rollbacks.
  const isBroken = windows.open === null && windows.broken >= consecutiveFailureLimit;
  return isBroken && evidence.logE >= fastPathAtLogE(evidence.gate) ? "slo" : null;
}

function isProven(evidence: GateEvidence): boolean {
  return hasSeenEnough(evidence) && evidence.peakLogE >= rejectAtLogE(evidence.gate);
}

function hasSeenEnough({ learnt, promise }: GateEvidence): boolean {
  const seen = isReadApart(learnt) ? canarySessionsOfLandmark(learnt) : totalsOf(learnt).canarySessions;
  return seen + (promise?.sessions ?? 0) >= MIN_CANARY_SESSIONS_TO_REJECT;
}

function withVersions(known: readonly string[], more: readonly string[] | undefined): readonly string[] {
  if (more === undefined || more.every((version) => known.includes(version))) return known;
  return [...new Set([...known, ...more])].toSorted();
}
