import { expect, test } from "vitest";
import { collapseRepeats } from "./collapse-repeats.ts";

test("the same tool called several times in a row is one chip with a count", () => {
  expect(collapseRepeats(["a", "a", "a", "b", "a"])).toEqual([
    { tool: "a", times: 3 },
    { tool: "b", times: 1 },
    { tool: "a", times: 1 },
  ]);
});

test("a session without tool calls has no chips", () => {
  expect(collapseRepeats([])).toEqual([]);
});
