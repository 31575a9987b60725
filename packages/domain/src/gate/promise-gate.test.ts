import { aGate, aMaturedSession, simulateAfterPromotion, simulateGates, type GateSimulation } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import { createBoard, observe, type GateBoard } from "./board.ts";
import { readBlock } from "./close-blocks.ts";
import type { GateSpec, MeanGate, QuantileGate } from "./gate-spec.ts";
import { judge } from "./judge.ts";
import { promiseReadersOf } from "./readers-of.ts";

const GATE = aGate({ objective: { max: 0.12 } });

const escalating = (rate: number): GateSimulation["session"] => {
  return (_, random) => ({ isEscalated: random() < rate });
};

/** A canary that was found no worse, at 8 % of both arms. */
function promoted(gates: readonly GateSpec[] = [GATE], seed = 1): GateBoard {
  const reference = { [GATE.name]: 0.08 };
  return simulateGates({
    gates,
    references: reference,
    weightBp: 5000,
    canarySessions: 400,
    seed,
    session: escalating(0.08),
  });
}

function afterwards(rate: number, change: { canarySessions?: number; seed?: number; board?: GateBoard } = {}) {
  const { board = promoted(), canarySessions = 2000, seed = 7 } = change;
  return simulateAfterPromotion(board, { canarySessions, seed, session: escalating(rate) });
}

const gateOf = ({ gates: [gate] }: GateBoard) => gate ?? expect.fail("a board with one gate");
const reportOf = (board: GateBoard) => judge(board, { step: 0, minCanarySessions: null }).reports[0];

test("a release that breaks its objective after the promotion is rejected, with what was found", () => {
  const board = afterwards(0.22);
  expect(judge(board, { step: 0, minCanarySessions: null }).culprits).toEqual([GATE.name]);
  expect(reportOf(board)).toMatchObject({
    verdict: { kind: "fail", because: "promise" },
    promise: { kind: "rate", bound: 0.12 },
  });
  expect(reportOf(board)?.promise?.found).toBeGreaterThan(0.15);
  expect(gateOf(board).peakLogE).toBeGreaterThanOrEqual(-Math.log(GATE.alpha));
});

test("one that keeps it is not, however much worse than the old release it is within it", () => {
  for (let seed = 0; seed < 20; seed += 1) expect(gateOf(afterwards(0.1, { seed })).rejectedBecause).toBeNull();
});

test("nothing of the comparison changes by it: neither totals, windows, pace, split nor sessions to promote", () => {
  const before = promoted();
  const after = afterwards(0.1, { board: before, canarySessions: 100 });
  expect(gateOf(after).promise?.sessions).toBeGreaterThan(60);
  expect({ ...after, gates: [] }).toEqual({ ...before, gates: [] });
  const { promise: _promise, logE: _logE, peakLogE: _peak, ...rest } = gateOf(after);
  expect(gateOf(before)).toMatchObject(rest);
});

test("a gate without an objective is left as it was", () => {
  const before = promoted([aGate({ objective: null })]);
  expect(afterwards(0.9, { board: before }).gates).toEqual(before.gates);
});

const anySessions = fc.array(fc.constantFrom("good", "bad", "unscored", "open"), { minLength: 1, maxLength: 60 });

/** The board after one block of such sessions; those that are open as they would turn out, or not known. */
function afterBlock(board: GateBoard, outcomes: readonly string[]): GateBoard {
  const members = outcomes.map((outcome, n) => {
    const scores: Record<string, number> = outcome === "unscored" ? {} : { helpful: outcome === "bad" ? 0 : 1 };
    const matured = outcome === "open" ? null : aMaturedSession({ arm: "canary", scores });
    const place = { assignment: n + 1, arm: "canary" as const, assignedAt: n };
    return { ...place, lastTurnAt: null, isEnded: matured !== null, matured };
  });
  return observe(board, { ...readBlock(members, 1, promiseReadersOf(board)), assigned: { baseline: 0, canary: 0 } });
}

test("a session that was not over never counts against the release, whatever becomes of it", () => {
  const gate = aGate({ of: "score.helpful", direction: "decrease", objective: { min: 0.88 } });
  const board = createBoard({ gates: [gate], weightsBp: [500], windowMs: 1, references: {} });
  fc.assert(
    fc.property(anySessions, fc.constantFrom("good", "bad", "unscored"), (outcomes, turnsOut) => {
      const known = outcomes.map((outcome) => (outcome === "open" ? turnsOut : outcome));
      const seen = gateOf(afterBlock(board, outcomes)).promise?.test.logE ?? 0;
      expect(seen).toBeLessThanOrEqual((gateOf(afterBlock(board, known)).promise?.test.logE ?? 0) + 1e-9);
    }),
  );
});

test("a handful of sessions rejects nothing", () => {
  const board = createBoard({ gates: [GATE], weightsBp: [500], windowMs: 1, references: {} });
  const bad = (sessions: number): GateBoard =>
    simulateAfterPromotion(board, { canarySessions: sessions - 2, seed: 1, session: () => ({ isEscalated: true }) });
  expect(gateOf(bad(9)).rejectedBecause).toBeNull();
  expect(gateOf(bad(30)).rejectedBecause).toBe("promise");
});

test("an evaluator that changes after the promotion ends what its scores can say", () => {
  const gate = aGate({ of: "score.success", direction: "decrease", objective: { min: 0.88 } });
  const scored = (version: string): GateSimulation["session"] => {
    return () => ({ scores: { success: 0 }, measures: { ...NO_MEASURES, evaluators: { success: version } } });
  };
  const board = createBoard({ gates: [gate], weightsBp: [500], windowMs: 1, references: {} });
  const once = simulateAfterPromotion(board, { canarySessions: 1, seed: 1, session: scored("v1") });
  const changed = simulateAfterPromotion(once, { canarySessions: 500, seed: 1, session: scored("v2") });
  expect(gateOf(changed).rejectedBecause).toBeNull();
  expect(reportOf(changed)?.verdict.kind).toBe("invalid");
});

describe("of values", () => {
  const slow = (share: number): GateSimulation["session"] => {
    return (_, random) => ({ measures: { ...NO_MEASURES, slowestTurnMs: random() < share ? 5000 : 1000 } });
  };
  const P95: QuantileGate = {
    ...GATE,
    kind: "quantile",
    of: "slowest-turn",
    q: 0.95,
    objective: { max: 4000 },
    margin: 0.2,
  };
  const COST: MeanGate = {
    ...GATE,
    kind: "mean",
    of: "cost",
    objective: { max: 0.5 },
    margin: { relative: 0.1 },
    range: null,
  };
  const costing = (mean: number): GateSimulation["session"] => {
    return (_, random) => ({ measures: { ...NO_MEASURES, costUsd: -mean * Math.log(1 - random()) } });
  };
  const because = (gate: GateSpec, session: GateSimulation["session"]) => {
    const board = createBoard({ gates: [gate], weightsBp: [500], windowMs: 1, references: {} });
    return gateOf(simulateAfterPromotion(board, { canarySessions: 1500, seed: 3, session })).rejectedBecause;
  };

  test("a quantile is promised as the share of sessions beyond its objective", () => {
    expect(because(P95, slow(0.03))).toBeNull();
    expect(because(P95, slow(0.12))).toBe("promise");
  });

  test("a mean is promised with one value counting as ten times the promise at most", () => {
    expect(because(COST, costing(0.4))).toBeNull();
    expect(because(COST, costing(0.8))).toBe("promise");
    let first = true;
    const onceAstray = (): Partial<MaturedSession> => {
      const costUsd = first ? 1e9 : 0.3;
      first = false;
      return { measures: { ...NO_MEASURES, costUsd } };
    };
    expect(because(COST, onceAstray)).toBeNull();
  });

  test("a floor under a mean on a range is promised from its upper end", () => {
    const csat: MeanGate = {
      ...COST,
      of: "score.csat",
      direction: "decrease",
      objective: { min: 4 },
      range: { low: 1, high: 5 },
    };
    const scoring = (low: number): GateSimulation["session"] => {
      return (_, random) => ({ scores: { csat: random() < low ? 1 : 5 } });
    };
    expect(because(csat, scoring(0.15))).toBeNull();
    expect(because(csat, scoring(0.5))).toBe("promise");
  });
});

describe("the error budget of a whole rollout", () => {
  const RUNS = 300;
  /** Identical releases, both exactly at the bound: as bad as a harmless one can be. */
  function falseRollbacks(alpha: number, rate: number): number {
    const gate = aGate({ objective: { max: 0.12 }, alpha });
    let rejected = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const board = simulateGates({
        gates: [gate],
        references: { [gate.name]: rate },
        weightBp: 5000,
        canarySessions: 300,
        seed: 1000 + run,
        session: escalating(rate),
      });
      const whole = simulateAfterPromotion(board, {
        canarySessions: 1000,
        seed: 5000 + run,
        session: escalating(rate),
      });
      if (gateOf(whole).rejectedBecause !== null) rejected += 1;
    }
    return rejected / RUNS;
  }

  test("is kept by one that is always exactly at its objective, and hardly touched by one below it", () => {
    expect(falseRollbacks(0.1, 0.12)).toBeLessThanOrEqual(0.1);
    expect(falseRollbacks(0.1, 0.09)).toBeLessThanOrEqual(0.05);
  });
});
