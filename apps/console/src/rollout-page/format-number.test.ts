import { expect, test } from "vitest";
import {
  countOf,
  formatCount,
  formatMs,
  formatOddsRatio,
  formatPercent,
  formatPoints,
  formatSigned,
  formatWeight,
} from "./format-number.ts";

const plain = (text: string): string => text.replaceAll("\u202f", " ");

test("a rate is shown with one decimal, and a missing one as a dash", () => {
  expect([0.0812, 0.22, 0, 1].map((rate) => plain(formatPercent(rate)))).toEqual([
    "8.1 %",
    "22.0 %",
    "0.0 %",
    "100.0 %",
  ]);
  expect(formatPercent(null)).toBe("–");
});

test("a weight keeps its decimals only when it has some", () => {
  expect([500, 10_000, 250, 1].map((weight) => plain(formatWeight(weight)))).toEqual([
    "5 %",
    "100 %",
    "2.5 %",
    "0.01 %",
  ]);
});

test("a difference carries its sign in percentage points, and zero carries none", () => {
  expect([0.139, -0.0171, 0, 0.0001].map((points) => plain(formatPoints(points)))).toEqual([
    "+13.9 pp",
    "−1.7 pp",
    "0.0 pp",
    "0.0 pp",
  ]);
});

test("a mean around zero carries its sign", () => {
  expect([0.314, -0.2, 0].map((mean) => formatSigned(mean, 2))).toEqual(["+0.31", "−0.20", "0.00"]);
});

test("large counts are grouped by thousands", () => {
  expect([7, 1_640, 1_234_567].map(formatCount)).toEqual(["7", "1,640", "1,234,567"]);
});

test("an odds ratio has as many figures as it deserves", () => {
  expect([0.453, 2.06, 13.4, 5_000].map(formatOddsRatio)).toEqual(["0.45", "2.1", "13", "> 1,000"]);
});

test("milliseconds stay milliseconds until ten seconds", () => {
  expect([2.34, 38, 1_520, 12_400].map((ms) => plain(formatMs(ms)))).toEqual(["2.3 ms", "38 ms", "1,520 ms", "12.4 s"]);
});

test("one of something is singular", () => {
  expect([0, 1, 2_000].map((count) => countOf(count, "session"))).toEqual([
    "0 sessions",
    "1 session",
    "2,000 sessions",
  ]);
});
