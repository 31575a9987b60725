import type { Feature } from "../structure/feature.ts";
import { gatherFeatures } from "../structure/freeze-features.ts";
import { createFeatureReader } from "../structure/has-feature.ts";
import type { CohortMember } from "../telemetry/cohort-member.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import { badOf, scoreNameOf } from "./bad-of.ts";
import { countBad } from "./count-bad.ts";
import type { ArmCounts, BlockReading } from "./block.ts";
import type { CountGate, DistributionGate, GateSpec, Landmark, ValueMetric } from "./gate-spec.ts";
import { DEFAULT_LANDMARK_MS, landmarkOf } from "./landmark.ts";
import { badInSegment, segmentsOf } from "./segments-of.ts";
import { valueOf } from "./value-of.ts";

/** A gate with what was frozen for it before the block: that decides what is read. */
export type GateReader = {
  readonly gate: GateSpec;
  /** Of a distribution gate; null before they are frozen. */
  readonly features: readonly Feature[] | null;
  /** Of a gate with a landmark that is read with the block; null where nothing says. */
  readonly landmarkMs: number | null;
};

/** Of gates for which nothing has been frozen. */
export function unfrozenReader(gate: GateSpec): GateReader {
  return { gate, features: null, landmarkMs: isCountGate(gate) ? (gate.landmark?.ageMs ?? null) : null };
}

/** What a gate reads of a block's sessions, besides counts: null for one that only counts. */
export function readingOf(
  { gate, features, landmarkMs }: GateReader,
  members: readonly CohortMember[],
): BlockReading | null {
  switch (gate.kind) {
    case "proportion":
    case "score":
      return countReading(members, gate, landmarkMs);
    case "mean":
    case "rate":
    case "quantile":
      return valuesReading(maturedOf(members), gate.of);
    case "distribution":
      return features === null ? gatheredReading(members, gate) : featuresReading(members, gate, features);
    case "absolute":
      return gate.q === null ? null : valuesReading(maturedOf(members), gate.of);
  }
}

/** The counts of a gate that counts; null for one that does not. */
export function countsOf(gate: GateSpec, sessions: readonly MaturedSession[]): ArmCounts | null {
  if (isCountGate(gate)) return countBad(sessions, (session) => badOf(session, gate.of, gate.badBelow));
  if (gate.kind !== "absolute" || gate.q !== null) return null;
  return countBad(sessions, (session) => badOf(session, gate.of, gate.badBelow));
}

/** Versions of the evaluators that gave the score which a gate reads, sorted. */
export function evaluatorsOf(gate: GateSpec, sessions: readonly MaturedSession[]): readonly string[] {
  const score = scoreNameOf(gate.of);
  if (score === null) return [];
  const versions = sessions.flatMap(({ measures }) => measures.evaluators[score] ?? []);
  return [...new Set(versions)].toSorted();
}

export function isCountGate(gate: GateSpec): gate is CountGate {
  return gate.kind === "proportion" || gate.kind === "score";
}

/** Whether the gate has a landmark that is read at its own age, and not with the block. */
export function isReadAtAge(gate: GateSpec): gate is CountGate & { readonly landmark: Landmark } {
  return isCountGate(gate) && gate.landmark?.readAt === "age";
}

function maturedOf(members: readonly CohortMember[]): readonly MaturedSession[] {
  return members.flatMap(({ matured }) => matured ?? []);
}

/** Besides what is bad in the whole. */
function countReading(
  members: readonly CohortMember[],
  gate: CountGate,
  landmarkMs: number | null,
): BlockReading | null {
  if (gate.segments !== undefined) return { kind: "segments", segments: segmentCounts(maturedOf(members), gate) };
  if (gate.landmark === undefined || isReadAtAge(gate)) return null;
  return landmarkReading(members, gate, landmarkMs);
}

function segmentCounts(sessions: readonly MaturedSession[], gate: CountGate): Readonly<Record<string, ArmCounts>> {
  const by = gate.segments ?? "intent";
  const segments = [...new Set(sessions.flatMap((session) => segmentsOf(session, by)))].toSorted();
  return Object.fromEntries(
    segments.map((segment) => {
      const inSegment = sessions.filter((session) => segmentsOf(session, by).includes(segment));
      return [segment, countBad(inSegment, (session) => badInSegment(session, gate, segment))];
    }),
  );
}

function landmarkReading(members: readonly CohortMember[], gate: CountGate, landmarkMs: number | null): BlockReading {
  const rule = {
    ageMs: landmarkMs ?? DEFAULT_LANDMARK_MS,
    idleTimeoutMs: 0,
    badOf: (session: MaturedSession) => badOf(session, gate.of, gate.badBelow),
  };
  return { kind: "landmark", counts: countBad(members, (member) => landmarkOf(member, rule)) };
}

function valuesReading(sessions: readonly MaturedSession[], metric: ValueMetric): BlockReading {
  const of = (arm: "baseline" | "canary"): readonly number[] =>
    sessions.flatMap((session) => (session.arm === arm ? toSixDigits(valueOf(session, metric)) : []));
  return { kind: "values", baseline: of("baseline"), canary: of("canary") };
}

function gatheredReading(members: readonly CohortMember[], { of }: DistributionGate): BlockReading {
  const baseline = maturedOf(members).filter(({ arm }) => arm === "baseline");
  return { kind: "gathered", ...gatherFeatures(baseline, of) };
}

function featuresReading(
  members: readonly CohortMember[],
  { of }: DistributionGate,
  features: readonly Feature[],
): BlockReading {
  const read = createFeatureReader(features, of);
  const sums = { baseline: features.map(() => 0), canary: features.map(() => 0) };
  const sessions = { baseline: 0, canary: 0 };
  for (const session of maturedOf(members)) {
    sessions[session.arm] += 1;
    for (const [i, has] of read(session).entries()) if (has) sums[session.arm][i] = (sums[session.arm][i] ?? 0) + 1;
  }
  return { kind: "features", baselineSessions: sessions.baseline, canarySessions: sessions.canary, ...sums };
}

/** The ledger keeps every value for good; more digits than this say nothing. */
function toSixDigits(value: number | null): readonly number[] {
  return value === null || !Number.isFinite(value) ? [] : [Number(value.toPrecision(6))];
}
