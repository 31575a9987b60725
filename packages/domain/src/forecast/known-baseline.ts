import { badOf } from "../gate/bad-of.ts";
import { referenceOf, valuesOf } from "../gate/gate-reference.ts";
import type { DistributionGate, GateSpec } from "../gate/gate-spec.ts";
import { isCountGate, isReadAtAge } from "../gate/read-block.ts";
import { MIN_REFERENCE_SESSIONS } from "../gate/reference.ts";
import { valueOf } from "../gate/value-of.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import type { BaselineFeatures, BaselineLandmark, BaselineRate, ForecastInput } from "./forecast.ts";

/** So few sessions say nothing about a rate. */
const LEAST_SESSIONS = 20;

/** What past sessions of the baseline release say about each gate, for a forecast. What too few of them say is left out. */
export function knownBaseline(
  gates: readonly GateSpec[],
  sessions: readonly MaturedSession[],
  idleTimeoutMs: number,
): Pick<ForecastInput, "rates" | "values" | "features" | "landmarks"> {
  return {
    rates: byGate(gates, (gate) => rateOf(gate, sessions)),
    values: byGate(gates, (gate) => spreadOf(gate, sessions)),
    landmarks: byGate(gates, (gate) => landmarkOf(gate, sessions, idleTimeoutMs)),
    features: byGate(gates, (gate) => (gate.kind === "distribution" ? featuresOf(gate, sessions) : null)),
  };
}

function byGate<T>(gates: readonly GateSpec[], read: (gate: GateSpec) => T | null): Readonly<Record<string, T>> {
  return Object.fromEntries(
    gates.flatMap((gate): [string, T][] => {
      const known = read(gate);
      return known === null ? [] : [[gate.name, known]];
    }),
  );
}

function rateOf(gate: GateSpec, sessions: readonly MaturedSession[]): BaselineRate | null {
  const read = sessions.flatMap((session) => isBadFor(gate, session) ?? []);
  if (read.length < LEAST_SESSIONS) return null;
  return { rate: read.filter(Boolean).length / read.length, sessions: read.length };
}

/** Bad, or beyond what was promised. Null for a gate that does not ask it, and where it says nothing about this session. */
function isBadFor(gate: GateSpec, session: MaturedSession): boolean | null {
  if (isCountGate(gate)) return badOf(session, gate.of, gate.badBelow);
  if (gate.kind !== "absolute") return null;
  if (gate.q === null) return badOf(session, gate.of, gate.badBelow);
  const value = valueOf(session, gate.of);
  if (value === null) return null;
  return "max" in gate.objective ? value > gate.objective.max : value < gate.objective.min;
}

/** A 99th percentile of fewer than a hundred values is one of them. */
function spreadOf(gate: GateSpec, sessions: readonly MaturedSession[]): readonly number[] | null {
  if (gate.kind !== "mean" && gate.kind !== "rate" && gate.kind !== "quantile") return null;
  const values = valuesOf(sessions, gate.of).filter(Number.isFinite);
  return values.length < MIN_REFERENCE_SESSIONS ? null : values;
}

/** As they would be frozen if the rollout started now. */
function featuresOf(gate: DistributionGate, sessions: readonly MaturedSession[]): BaselineFeatures | null {
  const reference = referenceOf(gate, sessions);
  const isFrozen = typeof reference === "object" && reference?.kind === "features";
  return isFrozen ? { features: reference.features.length, sessions: sessions.length } : null;
}

function landmarkOf(
  gate: GateSpec,
  sessions: readonly MaturedSession[],
  idleTimeoutMs: number,
): BaselineLandmark | null {
  const reference = isReadAtAge(gate) ? referenceOf(gate, sessions, idleTimeoutMs) : null;
  return typeof reference === "object" && reference?.kind === "landmark" ? reference : null;
}
