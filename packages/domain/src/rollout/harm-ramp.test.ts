import { worstHarm } from "@perch/stats";
import { anAppliedEvent, aRolloutPlan } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Block } from "../gate/block.ts";
import { advance, startRollout } from "./advance.ts";
import { foldEvidence, judgeBlock, type Evidence } from "./evidence.ts";
import { harmOutlook } from "./harm-ramp.ts";
import type { Rollout, RolloutEvent } from "./rollout.ts";
import { canaryWeightBp } from "./weight.ts";

const WINDOW = 300_000;
const BUDGET = 25;

type Told = { readonly rollout: Rollout; readonly evidence: Evidence | null };

function aRollout(gates: readonly Record<string, unknown>[] = [{ name: "escalation-rate", kind: "proportion" }]): Told {
  const plan = aRolloutPlan({
    steps: undefined,
    ramp: { mode: "harm-budget", budget: BUDGET, minStep: "0s" },
    analysis: { interval: "5m", gates },
  });
  const rollout = startRollout(anAppliedEvent({ plan }));
  const prepared: RolloutEvent = { type: "prepared", at: 0, references: { "escalation-rate": 0.08 } };
  return settle(tell(tell({ rollout, evidence: null }, { type: "timePassed", at: 0 }), prepared), 0);
}

function tell({ rollout, evidence }: Told, event: RolloutEvent): Told {
  const next = advance(rollout, event);
  return { rollout: next, evidence: next === rollout ? evidence : foldEvidence(evidence, next, event) };
}

/** Every gateway acknowledges at once. */
function settle(told: Told, at: number): Told {
  const { phase, phaseSince } = told.rollout;
  if (phase.kind !== "Shifting") return told;
  const propagation = { revision: { epoch: 1, sequence: 1 }, gateways: [] };
  return tell(told, { type: "synced", at, of: { kind: "Shifting", since: phaseSince }, propagation });
}

type Window = { readonly sessions: number; readonly canaryRate: number; readonly baselineRate: number };

/** One window of sessions at the present weight, judged when it is over. */
function live(told: Told, { sessions, canaryRate, baselineRate }: Window, n: number): Told {
  const { phase } = told.rollout;
  if (phase.kind !== "Baking" || told.evidence === null) return told;
  const canarySessions = Math.round((sessions * canaryWeightBp(told.rollout)) / 10_000);
  const baselineSessions = sessions - canarySessions;
  const counts = {
    baselineSessions,
    baselineBad: Math.round(baselineSessions * baselineRate),
    canarySessions,
    canaryBad: Math.round(canarySessions * canaryRate),
  };
  const block: Block = {
    step: phase.step,
    throughSequence: n + 1,
    openedAt: n * WINDOW,
    closedAt: (n + 1) * WINDOW,
    assigned: { baseline: 0, canary: 0 },
    unresolved: 0,
    baselineSessions,
    canarySessions,
    counts: { "escalation-rate": counts },
  };
  const at = (n + 1) * WINDOW;
  const judgement = judgeBlock(told.evidence.board, block, told.rollout);
  return settle(tell(told, { type: "blockJudged", at, block, judgement }), at);
}

const HEALTHY = { sessions: 100, canaryRate: 0.08, baselineRate: 0.08 };

function run(windows: readonly Window[]): readonly Told[] {
  let told = aRollout();
  return windows.map((window, n) => (told = live(told, window, n)));
}

test("a healthy canary grows rung by rung, is promoted, and never skips beyond twice its weight", () => {
  const story = run(Array.from({ length: 60 }, () => HEALTHY));
  const weights = [...new Set(story.map(({ rollout }) => canaryWeightBp(rollout)))];
  expect(weights[0]).toBe(500);
  expect(weights.length).toBeGreaterThan(2);
  for (const [index, weight] of weights.entries()) {
    if (weight < 10_000) expect(weight).toBeLessThanOrEqual(2 * (weights[index - 1] ?? weight));
  }
  expect(story.at(-1)?.rollout.phase.kind).toBe("Promoting");
});

test("heavy traffic keeps the canary small, since the same weight would harm more people", () => {
  const few = run(Array.from({ length: 6 }, () => ({ ...HEALTHY, sessions: 100 }))).at(-1);
  const many = run(Array.from({ length: 6 }, () => ({ ...HEALTHY, sessions: 20_000 })));
  const largest = Math.max(...many.map(({ rollout }) => canaryWeightBp(rollout)).filter((bp) => bp < 10_000));
  expect(few?.rollout.phase.kind).toBe("Baking");
  expect(largest).toBe(500);
});

test("nothing is raised before a whole window has shown how much traffic there is", () => {
  const told = aRollout();
  const board = told.evidence?.board ?? expect.fail("a prepared rollout has a board");
  expect(harmOutlook(board, told.rollout.plan, 0).sessionsPerWindow).toBeNull();
});

test("a ledger entry says what the budget afforded, so that a fold needs no evidence of its own", () => {
  const [first] = run([HEALTHY]);
  expect(first?.rollout.judgement?.affordableStep).toBe(0);
});

const anyWindow: fc.Arbitrary<Window> = fc.record({
  sessions: fc.integer({ min: 20, max: 5000 }),
  canaryRate: fc.double({ min: 0, max: 0.5, noNaN: true }),
  baselineRate: fc.double({ min: 0, max: 0.3, noNaN: true }),
});

test("weights never shrink while the canary is exposed, and the expected harm of a raise never exceeds the budget", () => {
  fc.assert(
    fc.property(fc.array(anyWindow, { maxLength: 30 }), (windows) => {
      let told = aRollout();
      for (const [n, window] of windows.entries()) {
        const before = told;
        const next = live(told, window, n);
        const [was, is] = [canaryWeightBp(before.rollout), canaryWeightBp(next.rollout)];
        if (is > was && is < 10_000) {
          const step = before.rollout.phase.kind === "Baking" ? before.rollout.phase.step : -1;
          const { sessionsPerWindow, upperExcess } = harmOutlook(boardOf(next), next.rollout.plan, step);
          const traffic = { sessionsPerWindow: sessionsPerWindow ?? Infinity, upperExcess: upperExcess ?? 1 };
          expectWithin(worstHarm(is / 10_000, traffic, 12));
        }
        expect(is >= was || next.rollout.decision !== null).toBe(true);
        told = next;
      }
    }),
    { numRuns: 60 },
  );
});

function boardOf({ evidence }: Told) {
  return evidence?.board ?? expect.fail("a rollout with blocks has a board");
}

function expectWithin(harm: number): void {
  expect(harm).toBeLessThanOrEqual(BUDGET * (1 + 1e-9));
}
