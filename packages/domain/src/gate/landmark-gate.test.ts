import { logSumExp } from "@perch/stats";
import { aGate, aMaturedSession, reportOfSimulation, rejectionRate, type GateSimulation } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_COUNTS } from "./arm-counts.ts";
import type { ArmCounts, Block, LandmarkReading } from "./block.ts";
import { logHarmOfCounts } from "./count-evidence.ts";
import { referenceOf } from "./gate-reference.ts";
import { observeAlone, observeGate, observeGateAtAge, openGateEvidence } from "./gate-evidence.ts";
import type { CountGate } from "./gate-spec.ts";
import { observeAtAge, type LandmarkEvidence } from "./landmark-evidence.ts";
import { landmarkOf } from "./landmark.ts";
import { logHarmOf, observeLearnt, openLearnt, type Learnt } from "./learnt.ts";

const MINUTE = 60_000;
const GATE = aGate({ landmark: { ageMs: 30 * MINUTE, readAt: "age" }, objective: null });
/** As rollouts of older versions have it. */
const TOGETHER = aGate({ landmark: { ageMs: 30 * MINUTE }, objective: null });

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
  expect(rejectionRate(10, stuck(0.25, { gates: [TOGETHER] }))).toBe(1);
  const { landmark: _, ...endedOnly } = GATE;
  expect(rejectionRate(10, stuck(0.25, { gates: [endedOnly] }))).toBe(0);
});

test("equal arms are hardly ever rejected, and pass by both views", () => {
  expect(rejectionRate(25, stuck(0))).toBe(0);
  const report = reportOfSimulation(stuck(0, { canarySessions: 1200 }));
  expect(report).toMatchObject({ verdict: { kind: "pass" }, landmark: { ageMs: 30 * MINUTE } });
});

test("a session is bad at an age when it is bad, or not over by then", () => {
  const rule = { ageMs: 1000, idleTimeoutMs: 500, badOf: (session: { isEscalated: boolean }) => session.isEscalated };
  const ended = (endedAt: number, isEscalated = false) => aMaturedSession({ startedAt: 100, endedAt, isEscalated });
  expect(landmarkOf({ assignedAt: 100, matured: null }, rule)).toBe(true);
  expect(landmarkOf({ assignedAt: 100, matured: ended(1100) }, rule)).toBe(false);
  expect(landmarkOf({ assignedAt: 100, matured: ended(1101) }, rule)).toBe(true);
  expect(landmarkOf({ assignedAt: 100, matured: ended(500, true) }, rule)).toBe(true);
  const fellSilent = (endedAt: number) => aMaturedSession({ startedAt: 100, endedAt, endedBy: "idle" });
  expect(landmarkOf({ assignedAt: 100, matured: fellSilent(600) }, rule)).toBe(false);
  expect(landmarkOf({ assignedAt: 100, matured: fellSilent(601) }, rule)).toBe(true);
});

test("the age is the 90th percentile of past durations where the file names none", () => {
  const history = Array.from({ length: 200 }, (_, i) => aMaturedSession({ startedAt: 0, endedAt: (i + 1) * 1000 }));
  const reference = referenceOf(aGate({ landmark: { ageMs: null } }), history);
  expect(reference).toEqual({ kind: "landmark", rate: 0, ageMs: 180_000, rateAtAge: 0.1 });
});

test("of sessions that nobody ends, the age and the rate count when their silence was long enough", () => {
  const history = Array.from({ length: 200 }, (_, i) =>
    aMaturedSession({ startedAt: 0, endedAt: (i + 1) * 1000, endedBy: "idle" }),
  );
  const reference = referenceOf(aGate({ landmark: { ageMs: null } }), history, 60_000);
  expect(reference).toEqual({ kind: "landmark", rate: 0, ageMs: 240_000, rateAtAge: 0.1 });
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

const REFERENCE = { kind: "landmark", rate: 0.08, ageMs: 30 * MINUTE, rateAtAge: 0.1 } as const;
const opened = (gate: CountGate): Learnt => openLearnt(gate, REFERENCE, 500);

/** The views of the gate after a block, and after its sessions were read at the age. */
function observed(learnt: LandmarkEvidence, block: Block): LandmarkEvidence {
  const ended = observeLearnt(learnt, block, GATE.name);
  const reading = block.readings?.[GATE.name];
  if (ended.kind !== "landmark" || reading?.kind !== "landmark") throw new Error("found no landmark");
  return observeAtAge(ended, reading.counts);
}

function openedApart(): LandmarkEvidence {
  const learnt = opened(GATE);
  if (learnt.kind !== "landmark") throw new Error(`found ${learnt.kind}, expected a landmark`);
  return learnt;
}

test("each view wins nothing on average whichever two of a block's sessions are the canary's", () => {
  fc.assert(
    fc.property(fc.array(anyFates, { maxLength: 4 }), anyFates, (past, fates) => {
      const before = past.reduce((seen, each) => observed(seen, blockOf(each, [0, 1])), openedApart());
      const after = PAIRS.map((pair) => observed(before, blockOf(fates, pair)));
      for (const view of ["ended", "atAge"] as const) {
        const mean = after.reduce((sum, one) => sum + Math.exp(logHarmOfCounts(one[view])), 0) / PAIRS.length;
        expect(mean / Math.exp(logHarmOfCounts(before[view]))).toBeCloseTo(1, 9);
      }
    }),
  );
});

test("rejects exactly when a view has shown twice the evidence, at whatever times the two are read", () => {
  const stuckCanary: Fate[] = ["stuck", "stuck", "good", "good", "good", "bad", "good"];
  const badCanary: Fate[] = ["bad", "bad", "good", "good", "good", "good", "good"];
  const anyBlock = fc.oneof(anyFates, fc.constant(stuckCanary), fc.constant(badCanary));
  fc.assert(
    fc.property(fc.array(fc.tuple(anyBlock, fc.boolean()), { maxLength: 60 }), (reads) => {
      let evidence = openGateEvidence(GATE, REFERENCE, 500);
      let hasShown = false;
      for (const [fates, isAtAge] of reads) {
        const block = blockOf(fates, [0, 1]);
        const reading = block.readings?.[GATE.name];
        const counts = reading?.kind === "landmark" ? reading.counts : NO_COUNTS;
        evidence = isAtAge ? observeGateAtAge(evidence, atAge(counts)) : observeGate(evidence, block, SETTINGS);
        const { learnt } = evidence;
        const views = learnt.kind === "landmark" ? [learnt.ended, learnt.atAge] : [];
        const seen = Math.max(...views.map(({ totals }) => totals.canarySessions));
        // What was shown once counts, also when it was on fewer canary sessions than a rejection asks for.
        hasShown ||= views.some((view) => logHarmOfCounts(view) >= Math.log(2 / GATE.alpha));
        expect(evidence.rejectedBecause).toBe(hasShown && seen >= 10 ? "evidence" : null);
      }
    }),
  );
});

const SETTINGS = { windowMs: 300_000, consecutiveFailureLimit: 3, plannedBlocks: 500 };

function atAge(counts: ArmCounts): LandmarkReading {
  return { gate: GATE.name, step: 0, throughSequence: 1, openedAt: 0, closedAt: 0, counts, unknown: 0, evaluators: [] };
}

test("after the promotion the promise is bet with what ended has shown, and the age keeps its half to itself", () => {
  const gate = { ...GATE, objective: { max: 0.12 } };
  const good: Fate[] = ["good", "good", "good", "bad", "good", "good", "good"];
  const before = observeGateAtAge(
    observeGate(openGateEvidence(gate, REFERENCE, 500), blockOf(good, [0, 1]), SETTINGS),
    atAge({ baselineSessions: 10, baselineBad: 1, canarySessions: 10, canaryBad: 8 }),
  );
  const counts = { baselineSessions: 0, baselineBad: 0, canarySessions: 1, canaryBad: 1 };
  const alone = { ...blockOf(["bad"], [0]), baselineSessions: 0, canarySessions: 1, counts: { [gate.name]: counts } };
  const after = Array.from({ length: 30 }).reduce<typeof before>((seen) => observeAlone(seen, alone, SETTINGS), before);
  const { learnt, promise } = after;
  if (learnt.kind !== "landmark" || promise === null) throw new Error("found no landmark with a promise");
  const ended = logHarmOfCounts(learnt.ended);
  expect(promise.stakedLogE).toBe(ended);
  expect(after.logE).toBeCloseTo(logSumExp([ended, ended + promise.test.logE]) - 2 * Math.LN2, 9);
  expect([before.rejectedBecause, after.rejectedBecause]).toEqual([null, "promise"]);
});

test("a score whose evaluator changes between two readings is no evidence any more", () => {
  const counts = { baselineSessions: 10, baselineBad: 0, canarySessions: 10, canaryBad: 10 };
  const first = observeGateAtAge(openGateEvidence(GATE, REFERENCE, 500), { ...atAge(counts), evaluators: ["1"] });
  const second = observeGateAtAge(first, { ...atAge(counts), evaluators: ["2"] });
  expect(second).toEqual({ ...first, evaluators: ["1", "2"] });
});

describe("in a rollout of an older version, which has both views in its blocks,", () => {
  test("both views together win nothing on average whichever two of a block's sessions are the canary's", () => {
    fc.assert(
      fc.property(fc.array(anyFates, { maxLength: 4 }), anyFates, (past, fates) => {
        const open = opened(TOGETHER);
        const before = past.reduce((seen, each) => observeLearnt(seen, blockOf(each, [0, 1]), GATE.name), open);
        const after = PAIRS.map((pair) => logHarmOf(observeLearnt(before, blockOf(fates, pair), GATE.name)));
        const mean = after.reduce((sum, logE) => sum + Math.exp(logE), 0) / PAIRS.length;
        expect(mean / Math.exp(logHarmOf(before))).toBeCloseTo(1, 9);
      }),
    );
  });

  test("a block without a reading at the age teaches that view nothing", () => {
    const { readings: _, ...block } = blockOf(["bad", "good", "good", "good", "good", "good", "good"], [0, 1]);
    const learnt = observeLearnt(opened(TOGETHER), block, GATE.name);
    expect(learnt.kind === "landmark" && learnt.atAge.totals).toEqual(NO_COUNTS);
  });
});
