import { aGate } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ArmCounts, Block } from "./block.ts";
import { createBoard, observe, type BoardInput, type GateBoard } from "./board.ts";
import { GateError } from "./error.ts";
import type { GateSpec } from "./gate-spec.ts";
import { judge } from "./judge.ts";

const WINDOW = 300_000;

function aBoard(change: Partial<BoardInput> = {}): GateBoard {
  return createBoard({
    gates: [aGate()],
    weightsBp: [500],
    windowMs: WINDOW,
    references: { "escalation-rate": 0.08 },
    ...change,
  });
}

type BlockOf = { step?: number; counts: Record<string, readonly [number, number, number, number]> };

/** The nth block, one a window; each gate's counts as [baseline bad, of, canary bad, of]. */
function aBlock(n: number, { step = 0, counts }: BlockOf): Block {
  const [, baselineSessions, , canarySessions] = Object.values(counts)[0] ?? [0, 0, 0, 0];
  const byGate = Object.entries(counts).map(([name, [baselineBad, nb, canaryBad, nc]]): [string, ArmCounts] => [
    name,
    { baselineBad, baselineSessions: nb, canaryBad, canarySessions: nc },
  ]);
  return {
    step,
    throughSequence: n + 1,
    openedAt: n * WINDOW,
    closedAt: (n + 1) * WINDOW,
    assigned: { baseline: 0, canary: 0 },
    unresolved: 0,
    baselineSessions,
    canarySessions,
    counts: Object.fromEntries(byGate),
  };
}

/** Every session that was assigned has matured. */
function after(board: GateBoard, blocks: readonly BlockOf[]): GateBoard {
  const assigned = new Map<number, { baseline: number; canary: number }>();
  return blocks.reduce((seen, each, n) => {
    const block = aBlock(n, each);
    const before = assigned.get(block.step) ?? { baseline: 0, canary: 0 };
    assigned.set(block.step, {
      baseline: before.baseline + block.baselineSessions,
      canary: before.canary + block.canarySessions,
    });
    return observe(seen, { ...block, assigned: assigned.get(block.step) ?? before });
  }, board);
}

function times(count: number, block: BlockOf): readonly BlockOf[] {
  return Array.from({ length: count }, () => block);
}

const HEALTHY: BlockOf = { counts: { "escalation-rate": [30, 380, 1, 20] } };
const HARMFUL: BlockOf = { counts: { "escalation-rate": [30, 380, 5, 20] } };
const QUIET: BlockOf = { counts: { "escalation-rate": [0, 380, 0, 20] } };

function judged(board: GateBoard, blocks: readonly BlockOf[], step = 0) {
  return judge(after(board, blocks), { step, minCanarySessions: null });
}

function onlyReport(judgement: ReturnType<typeof judge>) {
  const [report] = judgement.reports;
  expect(judgement.reports).toHaveLength(1);
  return report ?? expect.fail("a board with one gate reports on it");
}

test("holds, and says what it waits for, before the first session", () => {
  const judgement = judge(aBoard({ references: {} }), { step: 0, minCanarySessions: null });
  expect(judgement).toMatchObject({ culprits: [], pausing: [], canAdvance: false });
  expect(judgement.waitingFor.join(" ")).toContain("100 more canary sessions");
  expect(judgement.waitingFor.join(" ")).toContain("reference rate from 100 baseline sessions (0 so far)");
});

test("promotes on evidence of non-inferiority, clean windows and enough sessions", () => {
  const judgement = judged(aBoard(), times(30, HEALTHY));
  expect(judgement).toMatchObject({ canAdvance: true, waitingFor: [], culprits: [] });
  expect(onlyReport(judgement)).toMatchObject({ verdict: { kind: "pass" }, moreCanarySessions: null });
  expect(onlyReport(judgement).nonInferiority).toMatchObject({ isMet: true, method: "odds-ratio" });
});

test("names the guardrail that rejects, with its evidence", () => {
  const judgement = judged(aBoard({ gates: [aGate({ objective: null })] }), times(5, HARMFUL));
  expect(judgement).toMatchObject({ culprits: ["escalation-rate"], pausing: [], canAdvance: false });
  const report = onlyReport(judgement);
  expect(report.verdict).toEqual({ kind: "fail", because: "evidence" });
  expect(report.logE).toBeGreaterThanOrEqual(report.rejectAtLogE);
  expect(report.rates?.oddsRatio.low).toBeGreaterThan(1);
  expect(report.rates?.probabilityWorse).toBeGreaterThan(0.99);
  expect(report.totals).toEqual({ baselineSessions: 1900, baselineBad: 150, canarySessions: 100, canaryBad: 25 });
});

test("rejects on two thirds of the evidence once three windows in a row broke the objective, not on less", () => {
  const blocks = (baselineBad: number) =>
    [5, 5, 4].map((bad): BlockOf => ({ counts: { "escalation-rate": [baselineBad, 380, bad, 20] } }));
  const [bySlo, byEvidence] = [aGate(), aGate({ objective: null })].map((gate) =>
    onlyReport(judged(aBoard({ gates: [gate] }), blocks(31))),
  );
  expect(bySlo?.verdict).toEqual({ kind: "fail", because: "slo" });
  expect(bySlo?.logE).toBeLessThan(Math.log(100));
  expect(bySlo?.logE).toBeGreaterThan(Math.log(100 / 1.5));
  expect(byEvidence?.verdict.kind).toBe("inconclusive");
  const withLess = onlyReport(judged(aBoard(), blocks(33)));
  expect(withLess).toMatchObject({ brokenWindows: 3, verdict: { kind: "inconclusive" } });
  expect(withLess.logE).toBeGreaterThan(Math.log(50));
});

test("takes the fast path only when a window ends, not on evidence in the middle of the next one", () => {
  const broken = times(3, { counts: { "escalation-rate": [30, 380, 4, 20] } });
  const more: BlockOf = { counts: { "escalation-rate": [15, 190, 3, 10] } };
  const midWindow = onlyReport(judged(aBoard(), [...broken, more]));
  expect(midWindow).toMatchObject({ brokenWindows: 3, verdict: { kind: "inconclusive" } });
  expect(midWindow.logE).toBeGreaterThan(midWindow.fastPathAtLogE);
  const atItsEnd: BlockOf = { counts: { "escalation-rate": [10, 190, 1, 10] } };
  expect(onlyReport(judged(aBoard(), [...broken, more, atItsEnd])).verdict).toMatchObject({ because: "slo" });
});

test("does not roll back for broken windows alone when the baseline breaks the objective as well", () => {
  const judgement = judged(aBoard(), times(10, { counts: { "escalation-rate": [76, 380, 4, 20] } }));
  expect(onlyReport(judgement).brokenWindows).toBe(10);
  expect(judgement).toMatchObject({ culprits: [], canAdvance: false });
});

test("holds instead of judging a handful of canary sessions", () => {
  const four: BlockOf = { counts: { "escalation-rate": [1, 400, 4, 4] } };
  expect(judged(aBoard(), times(2, four)).culprits).toEqual([]);
  expect(judged(aBoard(), times(3, four)).culprits).toEqual(["escalation-rate"]);
});

test("lets a signal pause and a muted gate only report", () => {
  const gates = [
    aGate({ name: "signal", role: "signal", onFail: "pause" }),
    aGate({ name: "muted", role: "muted", onFail: "pause" }),
    aGate({ name: "soft", onFail: "pause" }),
  ];
  const counts = { signal: [30, 380, 8, 20], muted: [30, 380, 8, 20], soft: [30, 380, 8, 20] } as const;
  const judgement = judged(aBoard({ gates }), times(4, { counts }));
  expect(judgement.reports.map((report) => report.verdict.kind)).toEqual(["fail", "fail", "fail"]);
  expect(judgement).toMatchObject({ culprits: [], pausing: ["signal", "soft"] });
});

test("does not let a signal without data hold a promotion, but a guardrail without data does", () => {
  const quality = (role: GateSpec["role"]) =>
    aGate({ name: "quality", of: "score.x", direction: "decrease", role, onFail: "pause" });
  expect(judged(aBoard({ gates: [aGate(), quality("signal")] }), times(30, HEALTHY)).canAdvance).toBe(true);
  expect(judged(aBoard({ gates: [aGate(), quality("guardrail")] }), times(30, HEALTHY)).canAdvance).toBe(false);
});

test("never passes on metrics that nobody ever scored", () => {
  const unscored = judged(aBoard(), times(100, { counts: { "escalation-rate": [0, 0, 0, 0] } }));
  expect(onlyReport(unscored).verdict.kind).toBe("inconclusive");
  expect(unscored.canAdvance).toBe(false);
});

test("judges a metric that never happens by the canary's own rate", () => {
  const board = aBoard({ references: { "escalation-rate": 0 } });
  const early = onlyReport(judged(board, times(3, QUIET)));
  expect(early.verdict.kind).toBe("inconclusive");
  expect(early.nonInferiority).toMatchObject({
    method: "rate",
    level: 0.04,
    marginOddsRatio: null,
    upperOddsRatio: null,
  });
  expect(early.moreCanarySessions).toBeGreaterThan(10);
  expect(judged(board, times(7, QUIET)).canAdvance).toBe(true);
});

test("freezes the reference from the first 100 baseline sessions and tests the margin on later ones only", () => {
  const board = aBoard({ references: { "escalation-rate": null } });
  const first = onlyReport(judged(board, [HEALTHY]));
  expect(first.nonInferiority.referenceRate).toBeCloseTo(30 / 380, 12);
  expect(first.nonInferiority.logE).toBe(0);
  const later = onlyReport(judged(board, times(30, HEALTHY)));
  const known = aBoard({ references: { "escalation-rate": 30 / 380 } });
  expect(later.nonInferiority.logE).toBeCloseTo(onlyReport(judged(known, times(29, HEALTHY))).nonInferiority.logE, 8);
  expect(later.rates?.oddsRatio.high).toBeCloseTo(
    onlyReport(judged(known, times(30, HEALTHY))).rates?.oddsRatio.high ?? 0,
    8,
  );
  expect(later.logE).toBeCloseTo(onlyReport(judged(known, times(30, HEALTHY))).logE, 8);
});

test("asks for less certainty the more steps follow, and always for clean windows of the step itself", () => {
  const weightsBp = [500, 2500, 5000];
  const atFirst = judged(aBoard({ weightsBp }), times(6, HEALTHY));
  expect(onlyReport(atFirst).nonInferiority).toMatchObject({ level: expect.closeTo(4, 9), isMet: true });
  expect(atFirst.canAdvance).toBe(true);
  const nextStep: BlockOf = { step: 1, counts: { "escalation-rate": [24, 300, 8, 100] } };
  const moved = judged(aBoard({ weightsBp }), [...times(6, HEALTHY), ...times(2, nextStep)], 1);
  expect(moved.waitingFor).toEqual([
    "escalation-rate: 3 clean windows of at least 20 canary sessions in a row (2 so far)",
  ]);
  const last = judged(aBoard({ weightsBp }), times(6, HEALTHY), 2);
  expect(last.waitingFor.join()).toContain("less than 1.57 times the baseline's");
});

test("needs the canary sessions that a step names", () => {
  const board = after(aBoard(), times(30, HEALTHY));
  expect(judge(board, { step: 0, minCanarySessions: 600 }).canAdvance).toBe(true);
  expect(judge(board, { step: 0, minCanarySessions: 601 }).waitingFor).toEqual([
    "1 more canary sessions, to reach 601",
  ]);
});

test("a sample-ratio mismatch voids every verdict but a rejection, and stays", () => {
  const skewed: BlockOf = { counts: { "escalation-rate": [24, 300, 8, 100] } };
  const judgement = judged(aBoard(), [skewed, ...times(200, HEALTHY)]);
  expect(judgement.sampleRatio.isMismatch).toBe(true);
  expect(judgement.sampleRatio.logE).toBeLessThan(judgement.sampleRatio.alarmAtLogE);
  expect(onlyReport(judgement).verdict.kind).toBe("invalid");
  expect(judgement.canAdvance).toBe(false);
  const harmful = judged(aBoard(), times(10, { counts: { "escalation-rate": [24, 300, 25, 100] } }));
  expect(harmful).toMatchObject({ culprits: ["escalation-rate"], sampleRatio: { isMismatch: true } });
});

test("an arm that matures more slowly is no sample-ratio mismatch", () => {
  const block = aBlock(0, { counts: { "escalation-rate": [2, 40, 3, 40] } });
  const evenly = observe(aBoard(), { ...block, assigned: { baseline: 760, canary: 40 } });
  expect(judge(evenly, { step: 0, minCanarySessions: null }).sampleRatio.isMismatch).toBe(false);
  const unevenly = observe(aBoard(), { ...block, assigned: { baseline: 300, canary: 100 } });
  expect(judge(unevenly, { step: 0, minCanarySessions: null }).sampleRatio.isMismatch).toBe(true);
});

test("estimates about the sessions that the planning formula gives", () => {
  const report = onlyReport(judged(aBoard(), times(2, { counts: { "escalation-rate": [30, 380, 3, 20] } })));
  expect(report.moreCanarySessions).toBeGreaterThan(20);
  expect(report.moreCanarySessions).toBeLessThan(400);
});

test("refuses a block, and a question, about a step without a weight", () => {
  expect(() => observe(aBoard(), aBlock(0, { ...HEALTHY, step: 3 }))).toThrow(GateError);
  expect(() => judge(aBoard(), { step: 3, minCanarySessions: null })).toThrow(GateError);
});

const anyCounts = fc
  .tuple(
    fc.constantFrom(0, 1, 10, 95, 1e7),
    fc.constantFrom(0, 1, 5, 20, 1e6),
    fc.constantFrom(0, 1e-6, 0.08, 1),
    fc.constantFrom(0, 0.08, 0.3, 1),
  )
  .map(([nb, nc, b, c]): BlockOf => ({
    counts: { "escalation-rate": [Math.round(b * nb), nb, Math.round(c * nc), nc] },
  }));

const anyBlocks = fc.array(
  fc.tuple(anyCounts, fc.nat(2)).map(([block, step]) => ({ ...block, step })),
  { maxLength: 12 },
);
const anyReference = fc.constantFrom(null, 0, 1e-6, 0.08, 0.98, 1);

function numbersIn(value: unknown): readonly number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

test("never reports a number that is not finite", () => {
  fc.assert(
    fc.property(
      anyBlocks,
      fc.record({ rate: anyReference, step: fc.nat(2), margin: fc.constantFrom(1e-6, 0.04, 0.999) }),
      (blocks, { rate, step, margin }) => {
        const gates = [aGate({ margin })];
        const board = aBoard({ gates, weightsBp: [0, 500, 10_000], references: { "escalation-rate": rate } });
        const judgement = judged(board, blocks, step);
        expect(numbersIn(judgement).every((value) => Number.isFinite(value))).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("never takes a rejection back", () => {
  fc.assert(
    fc.property(anyBlocks, (blocks) => {
      const rejected = after(aBoard({ weightsBp: [500, 2500, 5000] }), times(20, HARMFUL));
      const verdicts = judged(rejected, blocks).culprits;
      expect(verdicts).toEqual(["escalation-rate"]);
    }),
    { numRuns: 30 },
  );
});

test("weighs the same evidence alike whatever a gate is called, and beside whatever other gates", () => {
  fc.assert(
    fc.property(fc.array(anyCounts, { maxLength: 8 }), (blocks) => {
      const alone = onlyReport(judged(aBoard({ references: {} }), blocks));
      const renamed = blocks.map(({ counts }) => ({
        counts: { x: counts["escalation-rate"] ?? [0, 0, 0, 0], y: [1, 9, 1, 2] } as const,
      }));
      const gates = [aGate({ name: "x", of: "error-rate" }), aGate({ name: "y" })];
      const [beside] = judged(aBoard({ gates, references: {} }), renamed).reports;
      expect({ ...beside, gate: null }).toEqual({ ...alone, gate: null });
    }),
    { numRuns: 30 },
  );
});
