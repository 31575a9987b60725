import { quantileOf } from "@perch/stats";
import { freezeFeatures, gatherFeatures } from "../structure/freeze-features.ts";
import type { Feature } from "../structure/feature.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import { badOf } from "./bad-of.ts";
import type { CountGate, GateSpec, MeanGate, QuantileGate, ValueMetric } from "./gate-spec.ts";
import { landmarkOf, overAt } from "./landmark.ts";
import { MIN_REFERENCE_SESSIONS } from "./reference.ts";
import { valueOf } from "./value-of.ts";

/**
 * What a gate takes from the baseline's history, frozen when a rollout starts. A number: the rate of bad sessions. Null:
 * history is too short, and the gate freezes it from the baseline arm itself.
 */
export type GateReference =
  | number
  | { readonly kind: "quantiles"; readonly quantiles: Quantiles }
  | { readonly kind: "features"; readonly features: readonly Feature[] }
  /** `ageMs`: when sessions are looked at, and the rate of those that are bad or not over by then. */
  | { readonly kind: "landmark"; readonly rate: number; readonly ageMs: number; readonly rateAtAge: number }
  | null;

/** Values by which sessions are told apart, each with the share of the baseline's sessions at or below it. */
export type Quantiles = readonly { readonly q: number; readonly value: number }[];

/** What a latency gate bets on besides its own q (`statistics.md` 3.5). */
const LATENCY_QUANTILES = [0.5, 0.95, 0.99] as const;
const CAP_QUANTILE = 0.99;
const LANDMARK_QUANTILE = 0.9;

/**
 * A gate's reference out of the baseline release's past sessions. `idleTimeoutMs`: after how much silence those of the rollout
 * will count as over, which decides at which age they can be known to be.
 */
export function referenceOf(gate: GateSpec, sessions: readonly MaturedSession[], idleTimeoutMs = 0): GateReference {
  switch (gate.kind) {
    case "proportion":
    case "score":
      return countReference(gate, sessions, idleTimeoutMs);
    case "mean":
    case "rate":
    case "quantile":
      return quantilesReference(gate, sessions);
    case "distribution":
      if (sessions.length < MIN_REFERENCE_SESSIONS) return null;
      return { kind: "features", features: freezeFeatures(gatherFeatures(sessions, gate.of), gate.of) };
    case "absolute":
      return null;
  }
}

/** The quantiles that a gate needs, from values of the baseline. */
export function freezeQuantiles(gate: MeanGate | QuantileGate, values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const wanted = gate.kind === "quantile" ? [...new Set([...LATENCY_QUANTILES, gate.q])] : [CAP_QUANTILE];
  return wanted.map((q) => ({ q, value: quantileOf(sorted, q) }));
}

/** The values that sessions have for a metric, in their order. */
export function valuesOf(sessions: readonly MaturedSession[], metric: ValueMetric): readonly number[] {
  return sessions.flatMap((session) => valueOf(session, metric) ?? []);
}

function quantilesReference(gate: MeanGate | QuantileGate, sessions: readonly MaturedSession[]): GateReference {
  const values = valuesOf(sessions, gate.of);
  return values.length < MIN_REFERENCE_SESSIONS
    ? null
    : { kind: "quantiles", quantiles: freezeQuantiles(gate, values) };
}

function countReference(gate: CountGate, sessions: readonly MaturedSession[], idleTimeoutMs: number): GateReference {
  const rate = rateOf(sessions.map((session) => badOf(session, gate.of, gate.badBelow)));
  if (gate.landmark === undefined || rate === null) return rate;
  const durations = sessions
    .map((session) => overAt(session, idleTimeoutMs) - session.startedAt)
    .toSorted((a, b) => a - b);
  const ageMs = gate.landmark.ageMs ?? Math.max(1, quantileOf(durations, LANDMARK_QUANTILE));
  const rule = { ageMs, idleTimeoutMs, badOf: (one: MaturedSession) => badOf(one, gate.of) };
  const atAge = sessions.map((session) => landmarkOf({ assignedAt: session.startedAt, matured: session }, rule));
  return { kind: "landmark", rate, ageMs, rateAtAge: rateOf(atAge) ?? 0 };
}

function rateOf(outcomes: readonly (boolean | null)[]): number | null {
  const known = outcomes.filter((isBad) => isBad !== null);
  return known.length < MIN_REFERENCE_SESSIONS ? null : known.filter(Boolean).length / known.length;
}
