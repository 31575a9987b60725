import { expect, test } from "vitest";
import { drawPlan, type Plan } from "./plan.ts";
import { planSession } from "./plan-session.ts";

const plan = (change: Partial<Pick<Plan, "seed" | "store" | "sessions">> = {}): Plan =>
  drawPlan({ seed: 1, store: "redis", sessions: 20_000, ...change });
const sessions = (of: Plan) => Array.from({ length: 200 }, (_, index) => planSession(of, index));

test("the same seed draws the same plan, and another seed another one", () => {
  expect([plan(), sessions(plan())]).toEqual([plan(), sessions(plan())]);
  expect(plan({ seed: 2 })).not.toEqual({ ...plan(), seed: 2 });
  expect(sessions(plan({ seed: 2 }))).not.toEqual(sessions(plan()));
});

test("even a short run meets every fault, every ending of a rollout and every kind of client", () => {
  const short = plan({ sessions: 2000 });
  const counts = [
    short.faults.map(({ action }) => action),
    short.rollouts.map(({ ending }) => ending),
    sessions(short).map(({ kind }) => kind),
    sessions(short).map(({ echo }) => echo),
  ].map((drawn) => new Set(drawn).size);
  expect(counts).toEqual([11, 6, 5, 3]);
});

test("faults and rollouts come in the order of their moments, while there are sessions to meet them", () => {
  const { faults, rollouts, sessions: total } = plan();
  for (const moments of [faults.map(({ at }) => at), rollouts.flatMap(({ at, endAt }) => [at, endAt])]) {
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
    expect(moments.every((moment) => moment < total)).toBe(true);
  }
});

test("weights only grow", () => {
  for (const { weights } of plan({ sessions: 100_000 }).rollouts) {
    expect(weights).toEqual(weights.toSorted((a, b) => a - b));
    expect(new Set(weights).size).toBe(weights.length);
  }
});

test("a rollout that is superseded has one behind it, which takes its place", () => {
  for (let seed = 1; seed < 40; seed += 1) {
    const { rollouts } = plan({ seed, sessions: 75_000 });
    for (const [index, { ending }] of rollouts.entries()) {
      expect(rollouts[index + 1]?.replaces ?? false).toBe(ending === "supersede");
    }
  }
});
