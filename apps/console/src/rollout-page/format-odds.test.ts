import { expect, test } from "vitest";
import { describeEvidence, evidenceShare, formatOdds } from "./format-odds.ts";

test("evidence reads as odds, in figures a person can say aloud", () => {
  expect([340, 4.2, 48.7, 12_345, 1e12, 0.354, 1e-9].map((e) => formatOdds(Math.log(e)))).toEqual([
    "1:340",
    "1:4.2",
    "1:49",
    "1:12,345",
    "beyond 1:1,000,000,000",
    "1:0.35",
    "below 1:0.01",
  ]);
});

test("an e-value below one is no evidence in words", () => {
  expect(describeEvidence(-3)).toBe("no evidence of harm");
  expect(describeEvidence(Math.log(340))).toBe("odds 1:340 against no harm");
});

test("the evidence bar is empty without evidence, half full at half the logarithm, and never overflows", () => {
  expect([-2, 0, Math.log(10), Math.log(100), 50].map((logE) => evidenceShare(logE, Math.log(100)))).toEqual([
    0, 0, 0.5, 1, 1,
  ]);
});
