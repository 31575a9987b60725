import { aGate, aMaturedSession, reportOfSimulation, rejectionRate, type GateSimulation } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts, Block } from "./block.ts";
import { logHarmOfCounts } from "./count-evidence.ts";
import { referenceOf } from "./gate-reference.ts";
import { landmarkOf } from "./landmark.ts";
import { logHarmOf, observeLearnt, openLearnt, type Learnt } from "./learnt.ts";

const MINUTE = 60_000;
const GATE = aGate({ landmark: { ageMs: 30 * MINUTE }, objective: null });

/** 8 % escalate after five minutes; of the canary another share is stuck, and its blocks are read without it. */
function stuck(share: number, change: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [GATE],
    references: { "escalation-rate": { kind: "landmark", rate: 0.08, ageMs: 30 * MINUTE, rateAtAge: 0.08 } },
    weightBp: 2500,
    canarySessions: 300,
    seed: 7,
    session: (arm, random) => {
      if (share > 0 && arm === "canary" && random() < share) return null;
      return { isEscalated: random() < 0.08 };
    },
    ...change,
  };
}

test("sessions that do not end are found, which counting ended ones alone never does", () => {
  expect(rejectionRate(10, stuck(0.25))).toBe(1);
  const { landmark: _, ...endedOnly } = GATE;
  expect(rejectionRate(10, stuck(0.25, { gates: [endedOnly] }))).toBe(0);
});

test("equal arms are hardly ever rejected, and pass by both views", () => {
  expect(rejectionRate(25, stuck(0))).toBe(0);
  const report = reportOfSimulation(stuck(0, { canarySessions: 1200 }));
  expect(report).toMatchObject({ verdict: { kind: "pass" }, landmark: { ageMs: 30 * MINUTE } });
});

test("a session is bad at an age when it is bad, or not over by then", () => {
  const rule = { ageMs: 1000, badOf: (session: { isEscalated: boolean }) => session.isEscalated };
  const ended = (endedAt: number, isEscalated = false) => aMaturedSession({ startedAt: 100, endedAt, isEscalated });
  expect(landmarkOf({ assignedAt: 100, matured: null }, rule)).toBe(true);
  expect(landmarkOf({ assignedAt: 100, matured: ended(1100) }, rule)).toBe(false);
  expect(landmarkOf({ assignedAt: 100, matured: ended(1101) }, rule)).toBe(true);
  expect(landmarkOf({ assignedAt: 100, matured: ended(500, true) }, rule)).toBe(true);
});

test("the age is the 90th percentile of past durations where the file names none", () => {
  const history = Array.from({ length: 200 }, (_, i) => aMaturedSession({ startedAt: 0, endedAt: (i + 1) * 1000 }));
  const reference = referenceOf(aGate({ landmark: { ageMs: null } }), history);
  expect(reference).toEqual({ kind: "landmark", rate: 0, ageMs: 180_000, rateAtAge: 0.1 });
});

/** What became of a session: it ended well, ended badly, or was not over when its block was read. */
type Fate = "good" | "bad" | "stuck";

/** A block of these sessions when the ones at `canary` are the canary's. */
function blockOf(fates: readonly Fate[], canary: readonly number[]): Block {
  const count = (sessions: readonly { fate: Fate; isCanary: boolean }[]): ArmCounts => ({
    baselineSessions: sessions.filter(({ isCanary }) => !isCanary).length,
    baselineBad: sessions.filter(({ fate, isCanary }) => !isCanary && fate !== "good").length,
    canarySessions: sessions.filter(({ isCanary }) => isCanary).length,
    canaryBad: sessions.filter(({ fate, isCanary }) => isCanary && fate !== "good").length,
  });
  const sessions = fates.map((fate, i) => ({ fate, isCanary: canary.includes(i) }));
  const ended = count(sessions.filter(({ fate }) => fate !== "stuck"));
  return {
    step: 0,
    throughSequence: 1,
    openedAt: 0,
    closedAt: 0,
    assigned: { baseline: 0, canary: 0 },
    unresolved: fates.filter((fate) => fate === "stuck").length,
    baselineSessions: ended.baselineSessions,
    canarySessions: ended.canarySessions,
    counts: { [GATE.name]: ended },
    readings: { [GATE.name]: { kind: "landmark", counts: count(sessions) } },
  };
}

const SESSIONS = 7;
const PAIRS = Array.from({ length: SESSIONS }, (_, i) => Array.from({ length: i }, (_unused, j) => [i, j])).flat();
const anyFates = fc.array(fc.constantFrom<Fate>("good", "bad", "stuck"), { minLength: SESSIONS, maxLength: SESSIONS });

function opened(): Learnt {
  const reference = { kind: "landmark", rate: 0.08, ageMs: 30 * MINUTE, rateAtAge: 0.1 } as const;
  return openLearnt(GATE, reference, 500);
}

test("both views together win nothing on average whichever two of a block's sessions are the canary's", () => {
  fc.assert(
    fc.property(fc.array(anyFates, { maxLength: 4 }), anyFates, (past, fates) => {
      const before = past.reduce((seen, each) => observeLearnt(seen, blockOf(each, [0, 1]), GATE.name), opened());
      const after = PAIRS.map((pair) => logHarmOf(observeLearnt(before, blockOf(fates, pair), GATE.name)));
      const mean = after.reduce((sum, logE) => sum + Math.exp(logE), 0) / PAIRS.length;
      expect(mean / Math.exp(logHarmOf(before))).toBeCloseTo(1, 9);
    }),
  );
});

test("never rejects later than a view with half of the error rate to itself would", () => {
  const HALF = Math.log(2 / GATE.alpha);
  const stuckCanary: Fate[] = ["stuck", "stuck", "good", "good", "good", "bad", "good"];
  fc.assert(
    fc.property(fc.array(fc.oneof(anyFates, fc.constant(stuckCanary)), { maxLength: 40 }), (past) => {
      const learnt = past.reduce((seen, each) => observeLearnt(seen, blockOf(each, [0, 1]), GATE.name), opened());
      const views = learnt.kind === "landmark" ? [learnt.ended, learnt.atAge] : [];
      expect(views).toHaveLength(2);
      const wouldReject = views.some((view) => logHarmOfCounts(view) >= HALF);
      expect(wouldReject && logHarmOf(learnt) < -Math.log(GATE.alpha)).toBe(false);
    }),
  );
});

test("a block without a reading at the age teaches that view nothing", () => {
  const { readings: _, ...block } = blockOf(["bad", "good", "good", "good", "good", "good", "good"], [0, 1]);
  const learnt = observeLearnt(opened(), block, GATE.name);
  expect(learnt.kind === "landmark" && learnt.atAge.totals).toEqual(NO_COUNTS);
});
