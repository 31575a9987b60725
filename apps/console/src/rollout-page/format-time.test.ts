import { expect, test } from "vitest";
import { formatClock, formatDuration, formatMoment } from "./format-time.ts";

const AT = Date.UTC(2031, 4, 9, 14, 3, 7);

test("a time is shown to the second", () => {
  expect(formatClock(AT, "UTC")).toBe("14:03:07");
});

test("a time of another day carries its date", () => {
  expect(formatMoment(AT, AT + 60_000, "UTC")).toBe("14:03:07");
  expect(formatMoment(AT, AT + 86_400_000, "UTC")).toBe("9 May, 14:03:07");
});

test("a duration shows its two largest units", () => {
  expect([400, 45_000, 192_000, 7_500_000].map(formatDuration)).toEqual(["0 s", "45 s", "3 min 12 s", "2 h 5 min"]);
});
