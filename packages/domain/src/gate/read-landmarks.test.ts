import { aGate, aMaturedSession } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Arm } from "../routing/assign.ts";
import type { CohortMember } from "../telemetry/cohort-member.ts";
import { readLandmarks, type ReadLandmarksInput } from "./read-landmarks.ts";

const MINUTE = 60_000;
const [AGE, LATENESS, PATIENCE, IDLE] = [30 * MINUTE, 1000, 60 * MINUTE, 10 * MINUTE];
const DUE = AGE + LATENESS;
const EVERY_MINUTE = Array.from({ length: 600 }, (_, i) => i * MINUTE + 500);

type Life = Pick<CohortMember, "lastTurnAt" | "isEnded" | "matured">;

const UNFINISHED: Life = { lastTurnAt: AGE - 1, isEnded: false, matured: null };

function settled(endedAt: number, isEscalated = false): Life {
  return { lastTurnAt: endedAt, isEnded: true, matured: aMaturedSession({ startedAt: 0, endedAt, isEscalated }) };
}

/** Ten baseline sessions that went well, and two of the canary; all assigned at once. */
function block(canary: Life, baseline: Life = settled(MINUTE)): readonly CohortMember[] {
  const member =
    (arm: Arm, life: Life) =>
    (_: unknown, i: number): CohortMember => ({
      assignment: (arm === "canary" ? 100 : 0) + i + 1,
      arm,
      assignedAt: 0,
      ...life,
    });
  return [
    ...Array.from({ length: 10 }, member("baseline", baseline)),
    ...Array.from({ length: 2 }, member("canary", canary)),
  ];
}

function read(members: readonly CohortMember[], change: Partial<ReadLandmarksInput> = {}) {
  return readLandmarks({
    members,
    isCutShort: true,
    now: DUE,
    maxBlockMs: 60 * MINUTE,
    step: 0,
    gate: aGate({ landmark: { ageMs: AGE, readAt: "age" } }),
    ageMs: AGE,
    idleTimeoutMs: IDLE,
    latenessMs: LATENESS,
    patienceMs: PATIENCE,
    heard: { baseline: EVERY_MINUTE, canary: EVERY_MINUTE },
    heardSince: 0,
    ...change,
  });
}

const counted = (canarySessions: number, canaryBad: number) => [
  { throughSequence: 102, counts: { baselineSessions: 10, baselineBad: 0, canarySessions, canaryBad } },
];

describe("a block is read", () => {
  test("when its sessions have the age, and those that are not over then are bad", () => {
    expect(read(block(UNFINISHED), { now: DUE - 1 })).toEqual([]);
    expect(read(block(UNFINISHED))).toMatchObject(counted(2, 2));
  });

  test("before that, when all of them are over", () => {
    expect(read(block(settled(2 * MINUTE)), { now: 3 * MINUTE })).toMatchObject(counted(2, 0));
    expect(read(block(settled(2 * MINUTE, true)), { now: 3 * MINUTE })).toMatchObject(counted(2, 2));
  });

  test("as it was at the age, however long after it", () => {
    expect(read(block(settled(AGE + 1)), { now: 5 * AGE })).toMatchObject(counted(2, 2));
    expect(read(block(settled(AGE)), { now: 5 * AGE })).toMatchObject(counted(2, 0));
  });

  test("only up to the first that is still waited for", () => {
    const later = block(UNFINISHED).map((one) => ({ ...one, assignment: one.assignment + 200, assignedAt: MINUTE }));
    expect(read([...block(UNFINISHED), ...later])).toHaveLength(1);
    expect(read([...block(UNFINISHED), ...later], { now: DUE + MINUTE })).toHaveLength(2);
  });
});

describe("nothing is read", () => {
  test("while nothing is heard of an arm after the age, however long that lasts", () => {
    const [young, old] = [EVERY_MINUTE.filter((at) => at < AGE), 1000 * AGE];
    for (const heard of [
      { baseline: EVERY_MINUTE, canary: [] },
      { baseline: EVERY_MINUTE, canary: young },
      { baseline: [], canary: EVERY_MINUTE },
    ]) {
      expect(read(block(UNFINISHED, UNFINISHED), { heard, now: old })).toEqual([]);
    }
  });

  test("while a session that ended before the age has no outcome yet", () => {
    const ended: Life = { lastTurnAt: AGE, isEnded: true, matured: null };
    const silent: Life = { lastTurnAt: AGE - IDLE, isEnded: false, matured: null };
    for (const life of [ended, silent]) {
      expect(read(block(life), { now: AGE + PATIENCE - 1 })).toEqual([]);
      expect(read(block(life), { now: AGE + PATIENCE })).toMatchObject([{ ...counted(0, 0)[0], unknown: 2 }]);
    }
  });

  test("of sessions that began while nothing was heard of their arm: in the end they are left out", () => {
    const heard = { baseline: EVERY_MINUTE, canary: EVERY_MINUTE.filter((at) => at >= AGE) };
    expect(read(block(UNFINISHED), { heard, now: AGE + PATIENCE - 1 })).toEqual([]);
    expect(read(block(UNFINISHED), { heard, now: AGE + PATIENCE })).toMatchObject([
      { ...counted(0, 0)[0], unknown: 2 },
    ]);
  });
});

test("a session that talked until just before the age, or ended after it, is not over at it", () => {
  expect(read(block({ ...UNFINISHED, lastTurnAt: AGE - IDLE + 1 }))).toMatchObject(counted(2, 2));
  expect(read(block({ lastTurnAt: AGE + 1, isEnded: true, matured: null }))).toMatchObject(counted(2, 2));
  expect(read(block({ ...UNFINISHED, lastTurnAt: null }))).toMatchObject(counted(2, 2));
});

/** Sessions as they really went: when each began, how long it took, and whether it was bad. */
const anySessions = fc.array(
  fc.record({
    gapMs: fc.nat(2 * MINUTE),
    isCanary: fc.nat(3).map((n) => n === 0),
    lastsMs: fc.oneof(fc.nat(2 * AGE), fc.constantFrom(AGE - 1, AGE, AGE + 1)),
    isEscalated: fc.boolean(),
    /** How long its end takes to be known, and its outcome to be settled after that. */
    lateMs: fc.nat(LATENESS),
    settlesMs: fc.nat(2 * LATENESS),
  }),
  { minLength: 30, maxLength: 120 },
);
type Drawn = typeof anySessions extends fc.Arbitrary<(infer One)[]> ? One : never;
type Session = Drawn & { readonly assignedAt: number };

/** What is known of a session at a time. */
function knownAt(now: number, session: Session, i: number): CohortMember {
  const { assignedAt, lastsMs, lateMs, settlesMs, isEscalated, isCanary } = session;
  const endedAt = assignedAt + lastsMs;
  const isEnded = now >= endedAt + lateMs;
  const matured = aMaturedSession({ startedAt: assignedAt, endedAt, isEscalated });
  return {
    assignment: i + 1,
    arm: isCanary ? "canary" : "baseline",
    assignedAt,
    lastTurnAt: isEnded ? endedAt : assignedAt,
    isEnded,
    matured: now >= endedAt + lateMs + settlesMs ? matured : null,
  };
}

/** What is read of sessions that are looked at at these times, each with what is known by then. */
function readAt(times: readonly number[], sessions: readonly Session[]) {
  let through = 0;
  return times.flatMap((now) => {
    const begun = sessions.filter(({ assignedAt }) => assignedAt <= now);
    const members = begun
      .map((session, i) => knownAt(now, session, i))
      .filter(({ assignment }) => assignment > through);
    const heard = { baseline: EVERY_MINUTE, canary: EVERY_MINUTE };
    const readings = read(members, { now, heard, idleTimeoutMs: 100 * AGE });
    through = readings.at(-1)?.throughSequence ?? through;
    return readings;
  });
}

test("looking at any times, with data as late as it may be, reads what looking once when all is known reads", () => {
  fc.assert(
    fc.property(anySessions, fc.array(fc.nat(300 * MINUTE), { maxLength: 40 }), (drawn, looks) => {
      let at = 0;
      const sessions = drawn.map((one): Session => ({ ...one, assignedAt: (at += one.gapMs) }));
      const end = 500 * MINUTE;
      const times = [...looks.toSorted((a, b) => a - b), end];
      expect(readAt(times, sessions)).toEqual(readAt([end], sessions));
    }),
    { numRuns: 60 },
  );
});
