import type { CohortMember } from "../telemetry/cohort-member.ts";
import type { SignsOfLife } from "../telemetry/signs-of-life.ts";
import { badOf } from "./bad-of.ts";
import type { LandmarkReading } from "./block.ts";
import { cut, type CutInput } from "./close-blocks.ts";
import { countBad } from "./count-bad.ts";
import type { CountGate } from "./gate-spec.ts";
import { landmarkOf, type LandmarkRule } from "./landmark.ts";
import { evaluatorsOf } from "./read-block.ts";
import { wasSilent } from "./was-silent.ts";

export type ReadLandmarksInput = CutInput & {
  readonly step: number;
  readonly gate: CountGate;
  readonly ageMs: number;
  readonly idleTimeoutMs: number;
  /** How long after a session's age what happened before it may still come in. */
  readonly latenessMs: number;
  /** How long after its age a session is waited for of which too little is known. */
  readonly patienceMs: number;
  readonly heard: SignsOfLife;
  /** From when on all of them are there. */
  readonly heardSince: number;
};

/**
 * What a gate reads of its sessions at its age, in the order of assignment: each block as soon as all of its sessions are over
 * or have that age, whether or not they are over. Blocks are cut by counts and the clock, and a session that is not over is bad
 * in both arms, so that nothing depends on the arm but what the canary does. Source: `statistics.md` 3.8.
 *
 * Nothing is read of sessions that may only seem unfinished: one that is known to be over is waited for until its outcome is
 * settled, and an arm has to be heard of after the age, else its telemetry may be late or away. Of a stretch in which the
 * arm was silent while it should have been heard of, such sessions are left out in the end.
 */
export function readLandmarks(input: ReadLandmarksInput): readonly LandmarkReading[] {
  const readings: LandmarkReading[] = [];
  for (const members of cut(input)) {
    const fates = members.map((member) => fateOf(member, input));
    if (fates.includes("awaited")) return readings;
    readings.push(readingOf(members, fates, input));
  }
  return readings;
}

/** `unresolved`: not over at the age. */
type Fate = "settled" | "unresolved" | "unknown" | "awaited";

function fateOf(member: CohortMember, input: ReadLandmarksInput): Fate {
  if (member.matured !== null) return "settled";
  const { now, latenessMs, patienceMs, heard } = input;
  const dueAt = member.assignedAt + input.ageMs;
  if (now < dueAt + latenessMs) return "awaited";
  const unlessItComes: Fate = now < dueAt + patienceMs ? "awaited" : "unknown";
  if (isOverBy(dueAt, member, input.idleTimeoutMs)) return unlessItComes;
  const life = heard[member.arm];
  // However long it lasts: an arm of which nothing is heard is neither good nor bad.
  if (!life.some((at) => at >= dueAt)) return "awaited";
  return wasSilent(life, { from: member.assignedAt, to: dueAt, since: input.heardSince })
    ? unlessItComes
    : "unresolved";
}

/** Its records say that it was over by then, and only its outcome is not settled yet. */
function isOverBy(at: number, { isEnded, lastTurnAt, assignedAt }: CohortMember, idleTimeoutMs: number): boolean {
  if (isEnded) return (lastTurnAt ?? assignedAt) <= at;
  return lastTurnAt !== null && lastTurnAt + idleTimeoutMs <= at;
}

function readingOf(
  members: readonly CohortMember[],
  fates: readonly Fate[],
  { gate, step, ageMs, idleTimeoutMs }: ReadLandmarksInput,
): LandmarkReading {
  const rule: LandmarkRule = { ageMs, idleTimeoutMs, badOf: (session) => badOf(session, gate.of, gate.badBelow) };
  const known = members.filter((_, i) => fates[i] !== "unknown");
  return {
    gate: gate.name,
    step,
    throughSequence: members.at(-1)?.assignment ?? 0,
    openedAt: members[0]?.assignedAt ?? 0,
    closedAt: members.at(-1)?.assignedAt ?? 0,
    counts: countBad(known, (member) => landmarkOf(member, rule)),
    unknown: members.length - known.length,
    evaluators: evaluatorsOf(
      gate,
      members.flatMap(({ matured }) => matured ?? []),
    ),
  };
}
