import {
  logit,
  sessionsToAccept,
  sessionsToEvidence,
  sessionsToRateEvidence,
  sessionsToReject,
  smallestDetectableRise,
} from "@perch/stats";
import type { CountGate, GateSpec } from "../gate/gate-spec.ts";
import { ladderLevel } from "../gate/ladder.ts";
import { isCountGate } from "../gate/read-block.ts";
import { largestRate } from "../gate/read-window.ts";
import { freezeReference, logOddsOfRise } from "../gate/reference.ts";
import type { BaselineRate } from "./forecast.ts";

/** What `statistics.md` assumes where nothing is known. */
const ASSUMED_RATE = 0.08;
/** Of an objective, how much a healthy agent uses up. */
const USUAL_SHARE_OF_OBJECTIVE = 2 / 3;
const ACCEPT_AT_LOG_E = -Math.log(0.05);

/**
 * The gates that can be reckoned with: those that count, as a whole. What a mean, a quantile or tool use takes depends on how
 * values spread, which a rate does not say.
 */
export function forecastGates(gates: readonly GateSpec[]): readonly CountGate[] {
  return gates.filter(isCountGate).map(asAWhole);
}

function asAWhole({ name, direction, role, onFail, alpha, kind, of, objective, margin, mde }: CountGate): CountGate {
  return { name, direction, role, onFail, alpha, kind, of, objective, margin, ...(mde === undefined ? {} : { mde }) };
}

export type PlannedRate = { readonly rate: number; readonly isAssumed: boolean };

/** The rate that the forecast reckons with: measured, else two thirds of the objective, else 8 %. */
export function plannedRate(gate: CountGate, known: BaselineRate | undefined): PlannedRate {
  if (known !== undefined) return { rate: known.rate, isAssumed: false };
  const bound = gate.objective && largestRate(gate.objective);
  return { rate: bound === null ? ASSUMED_RATE : bound * USUAL_SHARE_OF_OBJECTIVE, isAssumed: true };
}

/**
 * Canary sessions at one weight alone until a canary as good as the baseline has shown what leaving a step asks for,
 * `stepsAfter` steps before the end. 0: nothing is asked.
 */
export function sessionsToPass(gate: CountGate, rate: number, at: { weightBp: number; stepsAfter: number }): number {
  const reference = freezeReference(rate, gate.margin);
  const level = ladderLevel(reference, at.stepsAfter);
  if (level === null) return 0;
  if (reference.method === "rate") return sessionsToRateEvidence(rate, level, ACCEPT_AT_LOG_E);
  const rates = ratesAt(rate, rate, at.weightBp);
  return gate.mde === undefined
    ? sessionsToEvidence(rates, level, ACCEPT_AT_LOG_E)
    : sessionsToAccept({ ...rates, logOddsRatio: level }, ACCEPT_AT_LOG_E);
}

/** Canary sessions at one weight alone until a rise to `canaryRate` is found. */
export function sessionsToFind(gate: CountGate, rates: { baseline: number; canary: number }, weightBp: number): number {
  const planned = ratesAt(rates.baseline, rates.canary, weightBp);
  const logEvidence = -Math.log(gate.alpha);
  if (gate.mde === undefined) return sessionsToEvidence(planned, 0, logEvidence);
  return sessionsToReject({ ...planned, logOddsRatio: logOddsOfRise(rates.baseline, gate.mde) }, logEvidence);
}

/** The smallest rise of the rate that is found, on average, within so many canary sessions at one weight; null: none. */
export function smallestRise(gate: CountGate, baseline: number, at: { weightBp: number; sessions: number }) {
  return smallestDetectableRise({
    baselineRate: baseline,
    canarySessions: at.sessions,
    sessionsToFind: (canary) => sessionsToFind(gate, { baseline, canary }, at.weightBp),
  });
}

/** Two harms that a person can picture: the margin, which is just too much, and twice the baseline. */
export function harmfulRates(gate: CountGate, rate: number): readonly number[] {
  const isPossible = (harmful: number): boolean => harmful > rate && harmful < 1 && Number.isFinite(logit(harmful));
  return [...new Set([rate + gate.margin, 2 * rate + 0.01])].filter(isPossible);
}

function ratesAt(baseline: number, canary: number, weightBp: number) {
  return { baseline, canary, canaryWeight: weightBp / 10_000 };
}
