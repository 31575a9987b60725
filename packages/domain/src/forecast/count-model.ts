import {
  logit,
  sessionsToAccept,
  sessionsToEvidence,
  sessionsToRateEvidence,
  sessionsToReject,
  type PlannedRates,
} from "@perch/stats";
import type { CountGate, GateSpec } from "../gate/gate-spec.ts";
import { ladderLevel } from "../gate/ladder.ts";
import { isCountGate } from "../gate/read-block.ts";
import { largestRate } from "../gate/read-window.ts";
import { freezeReference, logOddsOfRise } from "../gate/reference.ts";
import type { BaselineLandmark, BaselineRate } from "./forecast.ts";
import { ACCEPT_AT_LOG_E, IMPOSSIBLE, type GateModel, type StepAt } from "./gate-model.ts";

/** What `statistics.md` assumes where nothing is known. */
const ASSUMED_RATE = 0.08;
/** Of an objective, how much a healthy agent uses up. */
export const USUAL_SHARE_OF_OBJECTIVE = 2 / 3;

/** The gates that count, as a whole. */
export function forecastGates(gates: readonly GateSpec[]): readonly CountGate[] {
  return gates.filter(isCountGate).map(asAWhole);
}

function asAWhole({ name, direction, role, onFail, alpha, kind, of, objective, margin, mde }: CountGate): CountGate {
  return { name, direction, role, onFail, alpha, kind, of, objective, margin, ...(mde === undefined ? {} : { mde }) };
}

/** The rate that the forecast reckons with: measured, else two thirds of the objective, else 8 %. */
function plannedRate(gate: CountGate, known: BaselineRate | undefined): number {
  if (known !== undefined) return known.rate;
  const bound = gate.objective && largestRate(gate.objective);
  return bound === null ? ASSUMED_RATE : bound * USUAL_SHARE_OF_OBJECTIVE;
}

/** A gate that counts, by the planning formula of `statistics.md` 1, or that of the test which was designed for one rise. */
export function countModel(
  gate: CountGate,
  known: BaselineRate | undefined,
  landmark: BaselineLandmark | undefined,
): GateModel {
  const rate = plannedRate(gate, known);
  return {
    gate,
    baseline: { statistic: "rate", value: rate },
    sessions: known?.sessions ?? null,
    effect: "rise",
    largest: 1 - rate - IMPOSSIBLE,
    pictured: picturedRises(rate, gate.margin),
    // Of a landmark both views have to pass.
    toPass: (at) => Math.max(sessionsToPass(gate, rate, at), landmark === undefined ? 0 : atAge(gate, landmark, at)),
    toFind: (rise, weightBp) => sessionsToFind(gate, { baseline: rate, canary: rate + rise }, weightBp),
  };
}

/** A rate that leaves no room for the margin shows nothing. */
function atAge(gate: CountGate, { rateAtAge }: BaselineLandmark, at: StepAt): number {
  return rateAtAge + gate.margin < 1 ? sessionsToPass(gate, rateAtAge, at) : Infinity;
}

function sessionsToPass(gate: CountGate, rate: number, at: StepAt): number {
  const reference = freezeReference(rate, gate.margin);
  const level = ladderLevel(reference, at.stepsAfter);
  if (level === null) return 0;
  if (reference.method === "rate") return sessionsToRateEvidence(rate, level, ACCEPT_AT_LOG_E);
  const rates = ratesAt({ baseline: rate, canary: rate }, at.weightBp);
  return gate.mde === undefined
    ? sessionsToEvidence(rates, level, ACCEPT_AT_LOG_E)
    : sessionsToAccept({ ...rates, logOddsRatio: level }, ACCEPT_AT_LOG_E);
}

type Rates = Pick<PlannedRates, "baseline" | "canary">;

/** With segments, or a landmark, only half of the money is on the whole as it ended. */
function sessionsToFind({ alpha, mde, segments, landmark }: CountGate, rates: Rates, weightBp: number): number {
  const planned = ratesAt(rates, weightBp);
  const logEvidence = -Math.log(segments === undefined && landmark === undefined ? alpha : alpha / 2);
  if (mde === undefined) return sessionsToEvidence(planned, 0, logEvidence);
  return sessionsToReject({ ...planned, logOddsRatio: logOddsOfRise(rates.baseline, mde) }, logEvidence);
}

/** Two harms that a person can picture: the margin, which is just too much, and twice the baseline and a point. */
function picturedRises(rate: number, margin: number): readonly number[] {
  const isPossible = (rise: number): boolean => rise > 0 && rate + rise < 1 && Number.isFinite(logit(rate + rise));
  return [...new Set([margin, rate + 0.01])].filter(isPossible);
}

function ratesAt(rates: Rates, weightBp: number): PlannedRates {
  return { ...rates, canaryWeight: weightBp / 10_000 };
}
