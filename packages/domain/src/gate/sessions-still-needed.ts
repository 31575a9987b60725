import {
  logit,
  sessionsToAccept,
  sessionsToEvidence,
  sessionsToRateEvidence,
  sessionsToReject,
  smoothedBaselineRate,
} from "@perch/stats";
import { designOf, type CountEvidence } from "./count-evidence.ts";
import { rejectAtLogE, type GateEvidence } from "./gate-evidence.ts";
import { totalsOf } from "./learnt.ts";
import { CLEAN_WINDOWS_TO_PASS, MIN_WINDOW_SESSIONS, type MergedWindows } from "./merged-windows.ts";
import { evidenceBelow, type NonInferiority } from "./non-inferiority.ts";

/** The canary's rate is drawn towards the baseline's as if by this many sessions, so that the first few promise nothing. */
const PSEUDO_SESSIONS = 10;
/** More than this is no plan. */
const OUT_OF_SIGHT = 10_000_000;

export type Outlook = {
  readonly windows: MergedWindows;
  readonly nonInferiority: NonInferiority;
  readonly canaryWeight: number;
  /** Canary sessions that the rollout lacks whatever they show. */
  readonly missingSessions: number;
};

/**
 * About how many more canary sessions until the gate can say pass or fail, if things stay as they look now; null when that
 * is not in sight. For counts the planning formula of `statistics.md` 1, with the evidence already collected taken off; for
 * all others the pace at which evidence has grown so far.
 */
export function sessionsStillNeeded(evidence: GateEvidence, outlook: Outlook): number | null {
  const { learnt } = evidence;
  const counts = learnt.kind === "counts" ? learnt : null;
  const untilFail = counts === null ? untilFailAtPace(evidence) : untilFailByRates(evidence, counts, outlook);
  const { windows } = outlook;
  const forWindows = (CLEAN_WINDOWS_TO_PASS - windows.clean) * MIN_WINDOW_SESSIONS - (windows.open?.sessions ?? 0);
  const untilMet = counts === null ? untilMetAtPace(evidence, outlook) : untilNonInferior(counts, outlook);
  const sessions = Math.min(untilFail, Math.max(untilMet, forWindows, outlook.missingSessions));
  return sessions <= OUT_OF_SIGHT ? Math.max(1, Math.ceil(sessions)) : null;
}

function untilFailByRates(evidence: GateEvidence, counts: CountEvidence, { canaryWeight }: Outlook): number {
  const rates = currentRates(counts, canaryWeight);
  if (rates.canary <= rates.baseline) return Infinity;
  const missing = rejectAtLogE(evidence.gate) - evidence.logE;
  if (counts.harm.kind === "mixture") return sessionsToEvidence(rates, 0, missing);
  const logOddsRatio = designOf(counts);
  return logOddsRatio === null ? Infinity : sessionsToReject({ ...rates, logOddsRatio }, missing);
}

function untilNonInferior(evidence: CountEvidence, { nonInferiority, canaryWeight }: Outlook): number {
  const { level, method, acceptAtLogE } = nonInferiority;
  if (nonInferiority.isMet) return 0;
  if (level === null) return Infinity;
  const rates = currentRates(evidence, canaryWeight);
  if (method === "rate") {
    const missing = acceptAtLogE - evidenceBelow(evidence, level);
    return rates.canary < level ? sessionsToRateEvidence(rates.canary, level, missing) : Infinity;
  }
  const logLevel = Math.log(level);
  const missing = acceptAtLogE - evidenceBelow(evidence, logLevel);
  if (evidence.harm.kind === "sprt") return sessionsToAccept({ ...rates, logOddsRatio: logLevel }, missing);
  const isBelow = logit(rates.canary) - logit(rates.baseline) < logLevel;
  return isBelow ? sessionsToEvidence(rates, logLevel, missing) : Infinity;
}

function untilFailAtPace({ gate, learnt, logE }: GateEvidence): number {
  return atPace(logE, rejectAtLogE(gate), totalsOf(learnt).canarySessions);
}

function untilMetAtPace({ learnt }: GateEvidence, { nonInferiority }: Outlook): number {
  const { isMet, method, level, logE, acceptAtLogE } = nonInferiority;
  const seen = totalsOf(learnt).canarySessions;
  if (isMet) return 0;
  return method === "sessions" && level !== null ? level - seen : atPace(logE, acceptAtLogE, seen);
}

function atPace(logE: number, target: number, sessions: number): number {
  if (logE >= target) return 0;
  return logE > 0 && sessions >= PSEUDO_SESSIONS ? ((target - logE) / logE) * sessions : Infinity;
}

function currentRates({ totals, reference }: CountEvidence, canaryWeight: number) {
  const baseline = totals.baselineSessions === 0 && reference !== null ? reference.rate : smoothedBaselineRate(totals);
  const canary = (totals.canaryBad + PSEUDO_SESSIONS * baseline) / (totals.canarySessions + PSEUDO_SESSIONS);
  return { canary, baseline, canaryWeight };
}
