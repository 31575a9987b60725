import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { formatMargin } from "./format-margin.ts";
import { formatValue } from "./format-value.ts";

const [GATE] = sampleRollout("ramping", 64).gates;
if (GATE === undefined) throw new Error("the sample has no gates");
const gate = GATE;

test("a value is told in its unit, with three figures", () => {
  expect(formatValue(0.012_34, "usd")).toBe("$0.0123");
  expect(formatValue(12_345.6, "")).toBe("12,346");
  expect(formatValue(4210, "ms")).toBe("4,210\u202fms");
  expect(formatValue(null, "ms")).toBe("–");
});

test("a margin is told as what it is: points, a share or an amount", () => {
  const values = {
    statistic: "mean",
    unit: "usd" as const,
    baseline: null,
    canary: null,
    cap: null,
    ratio: null,
    baselineRange: null,
    canaryRange: null,
  };
  expect(formatMargin(gate)).toBe("+4.0\u202fpp");
  expect(formatMargin({ ...gate, margin: 0.1, isMarginRelative: true })).toBe("+10.0\u202f% of the baseline");
  expect(formatMargin({ ...gate, margin: 0.02, values })).toBe("$0.02");
  expect(formatMargin({ ...gate, margin: null })).toBe("none");
});
