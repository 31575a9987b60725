import { expect, test } from "vitest";
import { probabilityOfHarm } from "./probability-of-harm.ts";

test("is Bayes' rule with E as the Bayes factor", () => {
  expect(probabilityOfHarm(Math.log(100), 0.1)).toBeCloseTo((0.1 * 100) / (0.9 + 0.1 * 100), 12);
  expect(probabilityOfHarm(0, 0.1)).toBeCloseTo(0.1, 12);
  expect(probabilityOfHarm(1e4, 0.1)).toBe(1);
  expect(probabilityOfHarm(-1e4, 0.5)).toBe(0);
});
