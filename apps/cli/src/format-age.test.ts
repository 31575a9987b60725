import { expect, test } from "vitest";
import { formatAge } from "./format-age.ts";

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [999, "0 s"],
  [45_000, "45 s"],
  [60_000, "1 min"],
  [192_000, "3 min 12 s"],
  [7_500_000, "2 h 5 min"],
  [3_600_000 + 5000, "1 h"],
  [90_000_000, "1 d 1 h"],
])("%d ms is %s", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
