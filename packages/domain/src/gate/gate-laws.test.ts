import { aGate, aMaturedSession } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CohortMember } from "../telemetry/cohort-member.ts";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import { badOf } from "./bad-of.ts";
import type { Block, LandmarkReading } from "./block.ts";
import { createBoard, observe, observeAtAge, type GateBoard } from "./board.ts";
import { readBlock } from "./close-blocks.ts";
import { countBad } from "./count-bad.ts";
import type { GateReference } from "./gate-reference.ts";
import type { GateSpec } from "./gate-spec.ts";
import { judge } from "./judge.ts";
import { landmarkOf } from "./landmark.ts";
import { agesOf, readersOf } from "./readers-of.ts";

const SHARED = { direction: "increase", role: "guardrail", onFail: "rollback", alpha: 0.01 } as const;
const MINUTE = 60_000;

/** One gate of each kind and form, under the name of its form. */
const GATES: readonly GateSpec[] = [
  aGate({ name: "proportion" }),
  aGate({ name: "sprt", mde: 0.04 }),
  aGate({ name: "segments", of: "tool-error-rate", segments: "tool" }),
  aGate({ name: "landmark", landmark: { ageMs: 30 * MINUTE, readAt: "age" } }),
  aGate({ name: "landmark of old", landmark: { ageMs: 30 * MINUTE } }),
  aGate({ name: "score", kind: "score", of: "score.csat", direction: "decrease", objective: { min: 0.8 } }),
  { ...SHARED, name: "mean", kind: "mean", of: "cost", objective: { max: 1 }, margin: { relative: 0.1 }, range: null },
  {
    ...SHARED,
    name: "range",
    kind: "mean",
    of: "sentiment",
    direction: "decrease",
    objective: { min: 0 },
    margin: { absolute: 0.1 },
    range: { low: -1, high: 1 },
  },
  {
    ...SHARED,
    name: "rate",
    kind: "rate",
    of: "failed-turns",
    objective: { max: 0.2 },
    margin: { absolute: 0.02 },
    range: { low: 0, high: 1 },
  },
  { ...SHARED, name: "quantile", kind: "quantile", of: "slowest-turn", q: 0.95, objective: { max: 4000 }, margin: 0.2 },
  { ...SHARED, name: "distribution", kind: "distribution", of: "trace.structure" },
  { ...SHARED, name: "absolute", kind: "absolute", of: "escalation-rate", q: null, objective: { max: 0.12 } },
  { ...SHARED, name: "absolute q", kind: "absolute", of: "cost", q: 0.9, objective: { max: 1 } },
];

/** What the past says of each gate, where it says anything: rates at the very ends, values that are all the same. */
const REFERENCES: Readonly<Record<string, GateReference>> = {
  proportion: 0.08,
  sprt: 0.08,
  segments: 1,
  landmark: { kind: "landmark", rate: 0, ageMs: 30 * MINUTE, rateAtAge: 1 },
  "landmark of old": { kind: "landmark", rate: 0, ageMs: 30 * MINUTE, rateAtAge: 1 },
  score: 1e-6,
  mean: { kind: "quantiles", quantiles: [{ q: 0.99, value: 0 }] },
  quantile: { kind: "quantiles", quantiles: [0.5, 0.95, 0.99].map((q) => ({ q, value: 1000 })) },
  distribution: { kind: "features", features: [] },
};

/** Nothing at all, ordinary, and beyond all measure; telemetry has all three. */
const anyNumber = fc.constantFrom(null, 0, 1e-12, 1, 5000, 1e12, 1e300);
const anyTools = fc.array(fc.constantFrom("find_user", "refund", "answer"), { maxLength: 4 });

const anyMember = fc
  .record({
    isCanary: fc.nat(2).map((n) => n === 0),
    isOver: fc.nat(9).map((n) => n > 0),
    isEscalated: fc.boolean(),
    lastsMs: fc.constantFrom(0, MINUTE, 90 * MINUTE),
    failed: fc.nat(2),
    csat: fc.constantFrom(null, -1e9, 0, 0.7, 1e9),
    sentiment: fc.constantFrom(null, -1, 0.2, 1),
    costUsd: anyNumber,
    slowestTurnMs: anyNumber,
    tools: anyTools,
  })
  .map((one): CohortMember => {
    const session = aMaturedSession({
      arm: one.isCanary ? "canary" : "baseline",
      startedAt: 0,
      endedAt: one.lastsMs,
      isEscalated: one.isEscalated,
      turns: 2,
      failedTurns: one.failed,
      toolSequence: one.tools,
      failedToolCalls: Math.min(one.failed, one.tools.length),
      meanSentiment: one.sentiment,
      scores: one.csat === null ? {} : { csat: one.csat },
      measures: { ...NO_MEASURES, costUsd: one.costUsd, slowestTurnMs: one.slowestTurnMs },
    });
    const matured = one.isOver ? session : null;
    return { assignment: 1, arm: session.arm, assignedAt: 0, lastTurnAt: 0, isEnded: one.isOver, matured };
  });

const anyBlocks = fc.array(fc.array(anyMember, { minLength: 1, maxLength: 40 }), { maxLength: 8 });
const anyReferences = fc.constantFrom({}, REFERENCES);

type Told = {
  readonly board: GateBoard;
  readonly assigned: Block["assigned"];
  readonly blocks: readonly { readonly block: Block; readonly atAges: readonly LandmarkReading[] }[];
};

/** What the gates that have an age read of the same sessions. */
function readAtAges(board: GateBoard, members: readonly CohortMember[]): readonly LandmarkReading[] {
  return agesOf(board).map(({ gate, ageMs }) => ({
    gate: gate.name,
    step: 0,
    throughSequence: 1,
    openedAt: 0,
    closedAt: 0,
    counts: countBad(members, (member) =>
      landmarkOf(member, { ageMs, idleTimeoutMs: 0, badOf: (session) => badOf(session, gate.of) }),
    ),
    unknown: 0,
    evaluators: [],
  }));
}

/** The board after blocks of these members, as the server would make, record and fold them. */
function boardAfter(
  blocks: readonly (readonly CohortMember[])[],
  references: Readonly<Record<string, GateReference>>,
  gates: readonly GateSpec[] = GATES,
): Told {
  const board = createBoard({ gates, weightsBp: [500, 5000], windowMs: MINUTE, references });
  return blocks.reduce<Told>(
    (told, members, nth) => {
      const assigned = {
        baseline: told.assigned.baseline + members.filter(({ arm }) => arm === "baseline").length,
        canary: told.assigned.canary + members.filter(({ arm }) => arm === "canary").length,
      };
      const read = readBlock(members, 0, readersOf(told.board));
      const block = { ...read, openedAt: nth * MINUTE, closedAt: (nth + 1) * MINUTE, assigned };
      const atAges = readAtAges(told.board, members);
      const seen = atAges.reduce(observeAtAge, observe(told.board, block));
      return { board: seen, assigned, blocks: [...told.blocks, { block, atAges }] };
    },
    { board, assigned: { baseline: 0, canary: 0 }, blocks: [] },
  );
}

function numbersIn(value: unknown): readonly number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

const judgementOf = ({ board }: Told) => judge(board, { step: 0, minCanarySessions: null });

test("never says a number that is none, whatever the sessions, the history and the kind of gate", () => {
  fc.assert(
    fc.property(anyBlocks, anyReferences, (blocks, references) => {
      expect(numbersIn(judgementOf(boardAfter(blocks, references))).every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("never rolls back on fewer than ten canary sessions, however bad", () => {
  fc.assert(
    fc.property(anyBlocks, anyReferences, (blocks, references) => {
      let canary = 0;
      const few = blocks.map((members) => members.filter(({ arm }) => arm === "baseline" || (canary += 1) <= 9));
      const awful = few.map((members) =>
        members.map((member): CohortMember => {
          const { arm, matured } = member;
          return matured === null ? member : { ...member, matured: { ...matured, isEscalated: arm === "canary" } };
        }),
      );
      expect(judgementOf(boardAfter(awful, references))).toMatchObject({ culprits: [], pausing: [] });
    }),
    { numRuns: 60 },
  );
});

test("never lets a step be left while a guardrail of any kind has no canary session to judge", () => {
  fc.assert(
    fc.property(anyBlocks, fc.constantFrom(...GATES), (blocks, gate) => {
      const baselineOnly = blocks.map((members) => members.filter(({ arm }) => arm === "baseline"));
      expect(judgementOf(boardAfter(baselineOnly, REFERENCES, [gate])).canAdvance).toBe(false);
    }),
    { numRuns: 60 },
  );
});

/** The order of each arm stays: that of values decides which of them meet. */
function interleaved(members: readonly CohortMember[]): readonly CohortMember[] {
  return [...members.filter(({ arm }) => arm === "canary"), ...members.filter(({ arm }) => arm === "baseline")];
}

const COUNTING = GATES.filter(({ kind }) => kind !== "mean" && kind !== "rate" && kind !== "quantile");

describe("evidence does not depend on the order of sessions within a block", () => {
  test("of gates that count, in whatever order", () => {
    fc.assert(
      fc.property(anyBlocks, anyReferences, (blocks, references) => {
        const reversed = blocks.map((members) => members.toReversed());
        const [there, back] = [blocks, reversed].map((each) => evidenceIn(boardAfter(each, references, COUNTING)));
        expect(back).toEqual(there);
      }),
      { numRuns: 40 },
    );
  });

  test("of gates of all kinds, however the arms are interleaved", () => {
    fc.assert(
      fc.property(anyBlocks, anyReferences, (blocks, references) => {
        const [mixed, apart] = [blocks, blocks.map(interleaved)].map((each) =>
          evidenceIn(boardAfter(each, references)),
        );
        expect(apart).toEqual(mixed);
      }),
      { numRuns: 40 },
    );
  });
});

test("blocks that were written down and read again give the same evidence and the same verdicts", () => {
  fc.assert(
    fc.property(anyBlocks, anyReferences, (blocks, references) => {
      const told = boardAfter(blocks, references);
      const recorded = JSON.parse(JSON.stringify(told.blocks)) as Told["blocks"];
      const fresh = createBoard({ gates: GATES, weightsBp: [500, 5000], windowMs: MINUTE, references });
      const again = recorded.reduce(
        (seen, { block, atAges }) => atAges.reduce(observeAtAge, observe(seen, block)),
        fresh,
      );
      expect(judgementOf({ ...told, board: again })).toEqual(judgementOf(told));
    }),
    { numRuns: 40 },
  );
});

test("a rejection of any kind of gate stays, whatever comes after it", () => {
  fc.assert(
    fc.property(anyBlocks, anyBlocks, (before, after) => {
      const rejecting = (blocks: readonly (readonly CohortMember[])[]): readonly string[] =>
        judgementOf(boardAfter(blocks, REFERENCES)).culprits;
      const first = rejecting(before);
      expect(rejecting([...before, ...after]).filter((gate) => first.includes(gate))).toEqual(first);
    }),
    { numRuns: 40 },
  );
});

function evidenceIn({ board }: Told): Readonly<Record<string, number>> {
  return Object.fromEntries(board.gates.map(({ gate, logE }) => [gate.name, Number(logE.toFixed(9))]));
}
