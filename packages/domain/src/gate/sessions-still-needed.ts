import { logit, sessionsToEvidence, sessionsToRateEvidence, smoothedBaselineRate } from "@perch/stats";
import { rejectAtLogE, type GateEvidence } from "./gate-evidence.ts";
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
 * About how many more canary sessions until the gate can say pass or fail, if rates stay as they look now; null when that
 * is not in sight. The planning formula of `statistics.md` 1, with the evidence already collected taken off.
 */
export function sessionsStillNeeded(evidence: GateEvidence, outlook: Outlook): number | null {
  const rates = currentRates(evidence, outlook.canaryWeight);
  const untilFail =
    rates.canary > rates.baseline
      ? sessionsToEvidence(rates, 0, rejectAtLogE(evidence.gate) - evidence.rollback.logE)
      : Infinity;
  const { windows } = outlook;
  const forWindows = (CLEAN_WINDOWS_TO_PASS - windows.clean) * MIN_WINDOW_SESSIONS - (windows.open?.sessions ?? 0);
  const untilPass = Math.max(untilNonInferior(evidence, outlook), forWindows, outlook.missingSessions);
  const sessions = Math.min(untilFail, untilPass);
  return sessions <= OUT_OF_SIGHT ? Math.max(1, Math.ceil(sessions)) : null;
}

function untilNonInferior(evidence: GateEvidence, { nonInferiority, canaryWeight }: Outlook): number {
  const { level, method, acceptAtLogE } = nonInferiority;
  if (nonInferiority.isMet) return 0;
  if (level === null) return Infinity;
  const rates = currentRates(evidence, canaryWeight);
  if (method === "rate") {
    const missing = acceptAtLogE - evidenceBelow(evidence, level);
    return rates.canary < level ? sessionsToRateEvidence(rates.canary, level, missing) : Infinity;
  }
  const logLevel = Math.log(level);
  const isBelow = logit(rates.canary) - logit(rates.baseline) < logLevel;
  return isBelow ? sessionsToEvidence(rates, logLevel, acceptAtLogE - evidenceBelow(evidence, logLevel)) : Infinity;
}

function currentRates({ totals, reference }: GateEvidence, canaryWeight: number) {
  const baseline = totals.baselineSessions === 0 && reference !== null ? reference.rate : smoothedBaselineRate(totals);
  const canary = (totals.canaryBad + PSEUDO_SESSIONS * baseline) / (totals.canarySessions + PSEUDO_SESSIONS);
  return { canary, baseline, canaryWeight };
}
