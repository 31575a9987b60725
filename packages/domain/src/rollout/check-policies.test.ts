import { expect, test } from "vitest";
import { parseRolloutSpec } from "./spec.ts";

type Json = Record<string, unknown>;

function problemsOf(spec: Json): readonly string[] {
  const parsed = parseRolloutSpec({
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: "support-2-3-1" },
    spec: {
      agent: "support",
      release: "2.3.1",
      steps: [{ setWeight: 5 }],
      analysis: { gates: [{ name: "escalation-rate", kind: "proportion" }] },
      ...spec,
    },
  });
  return parsed.kind === "valid" ? [] : parsed.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("an undo window is refused where a person decides about rollbacks: there is nothing to undo", () => {
  expect(problemsOf({ rollback: { automatic: false, undoWindow: "5m" } })).toEqual([
    "spec.rollback.undoWindow: found 5m beside automatic: false, expected none: a rollback that a person orders is carried out at once, so there is nothing to undo",
  ]);
  expect(problemsOf({ rollback: { automatic: false, undoWindow: "0s" } })).toEqual([]);
  expect(problemsOf({ rollback: { undoWindow: "5m" } })).toEqual([]);
});

test("a bake time is refused that outlasts the window in which a promotion can be rolled back", () => {
  expect(problemsOf({ promotion: { bakeTime: "48h" } })).toEqual([
    "spec.promotion.bakeTime: found 48h, expected at most 24h: after rollback.window.duration nothing is rolled back any more; make that longer, or this shorter",
  ]);
  expect(problemsOf({ promotion: { bakeTime: "2h" }, rollback: { window: { duration: "90m" } } })[0]).toContain(
    "expected at most 90m",
  );
  expect(problemsOf({ promotion: { bakeTime: "24h" } })).toEqual([]);
});

test("a window shorter than the default bake time needs no word about it: the file names one time only", () => {
  expect(problemsOf({ rollback: { window: { duration: "10m" } } })).toEqual([]);
});

test("a policy of the wrong form is reported by its form alone", () => {
  expect(problemsOf({ promotion: { bakeTime: "for ever" } })).toHaveLength(1);
  expect(problemsOf({ rollback: { automatic: "no", undoWindow: "5m" } })).toHaveLength(1);
});
