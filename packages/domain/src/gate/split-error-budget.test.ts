import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GateError } from "./error.ts";
import { splitErrorBudget, type BudgetClaim } from "./split-error-budget.ts";

function claim(name: string, change: Partial<BudgetClaim> = {}): BudgetClaim {
  return { name, role: "guardrail", onFail: "rollback", weight: null, ...change };
}

test("gives the first of three guardrails 0.4 of the budget and the others 0.3 each", () => {
  const alphas = splitErrorBudget([claim("a"), claim("b"), claim("c")], 0.01);
  expect(alphas).toEqual({ a: expect.closeTo(0.004, 12), b: expect.closeTo(0.003, 12), c: expect.closeTo(0.003, 12) });
});

test.each([
  [["a"], [0.01]],
  [
    ["a", "b"],
    [0.005, 0.005],
  ],
])("lets %j share the budget as %j", (names, expected) => {
  const alphas = splitErrorBudget(
    names.map((name) => claim(name)),
    0.01,
  );
  expect(names.map((name) => alphas[name])).toEqual(expected.map((alpha) => expect.closeTo(alpha, 12)));
});

test("keeps weights that were given and shares the rest among the others", () => {
  const alphas = splitErrorBudget([claim("a"), claim("b", { weight: 0.5 }), claim("c")], 0.01);
  expect(alphas).toEqual({
    a: expect.closeTo(0.0025, 12),
    b: expect.closeTo(0.005, 12),
    c: expect.closeTo(0.0025, 12),
  });
});

test("gates that only pause share a budget of their own; muted ones spend nothing", () => {
  const alphas = splitErrorBudget(
    [
      claim("a"),
      claim("slow", { role: "signal", onFail: "pause" }),
      claim("quiet", { role: "muted", onFail: "pause" }),
    ],
    0.01,
  );
  expect(alphas).toEqual({ a: 0.01, slow: 0.01, quiet: 0.01 });
});

test("never spends more than the family-wise rate on gates that can roll back", () => {
  const weights = fc.array(fc.option(fc.double({ min: 0.01, max: 0.09, noNaN: true })), {
    minLength: 1,
    maxLength: 10,
  });
  fc.assert(
    fc.property(weights, (given) => {
      const alphas = Object.values(
        splitErrorBudget(
          given.map((weight, i) => claim(`g${i}`, { weight })),
          0.01,
        ),
      );
      expect(alphas).toHaveLength(given.length);
      expect(alphas.every((alpha) => alpha > 0)).toBe(true);
      expect(alphas.reduce((sum, alpha) => sum + alpha, 0)).toBeLessThanOrEqual(0.01 + 1e-12);
    }),
  );
});

test.each([
  [[claim("a", { weight: 0.7 }), claim("b", { weight: 0.7 })]],
  [[claim("a", { weight: 1 }), claim("b")]],
  [[claim("a", { weight: 0 }), claim("b")]],
  [[claim("a", { weight: -0.2 }), claim("b")]],
])("refuses weights that overspend or are no share", (gates) => {
  expect(() => splitErrorBudget(gates, 0.01)).toThrow(GateError);
});
