import { expect, test } from "vitest";
import { mergeWindow, NO_WINDOWS, type MergedWindows } from "./merged-windows.ts";

const RULE = { windowMs: 300_000, largestBadRate: 0.1 };

/** Blocks of five minutes, each told as [canary sessions, bad ones]. */
function after(
  blocks: readonly (readonly [number, number])[],
  rule: Parameters<typeof mergeWindow>[2] = RULE,
): MergedWindows {
  return blocks.reduce<MergedWindows>(
    (windows, [sessions, bad], i) =>
      mergeWindow(windows, { openedAt: i * 300_000, closedAt: (i + 1) * 300_000, sessions, bad }, rule),
    NO_WINDOWS,
  );
}

test("judges no window before it holds 20 canary sessions", () => {
  expect(
    after([
      [5, 5],
      [5, 5],
      [9, 9],
    ]),
  ).toMatchObject({ broken: 0, clean: 0, open: { sessions: 19, bad: 19 } });
  expect(
    after([
      [5, 5],
      [5, 5],
      [10, 9],
    ]),
  ).toEqual({ open: null, broken: 1, clean: 0 });
});

test("judges no window before its time has passed", () => {
  const early = { openedAt: 0, closedAt: 299_999, sessions: 500, bad: 0 };
  expect(mergeWindow(NO_WINDOWS, early, RULE).clean).toBe(0);
  expect(mergeWindow(NO_WINDOWS, { ...early, closedAt: 300_000 }, RULE).clean).toBe(1);
});

test("counts broken windows in a row, and starts again after a clean one", () => {
  expect(
    after([
      [20, 3],
      [20, 3],
    ]),
  ).toMatchObject({ broken: 2, clean: 0 });
  expect(
    after([
      [20, 3],
      [20, 3],
      [20, 0],
    ]),
  ).toMatchObject({ broken: 0, clean: 1 });
  expect(
    after([
      [20, 0],
      [20, 0],
      [20, 3],
    ]),
  ).toMatchObject({ broken: 1, clean: 0 });
});

test("keeps the objective when the rate is exactly at it", () => {
  expect(after([[20, 2]])).toMatchObject({ clean: 1 });
  expect(after([[20, 2]], { windowMs: 300_000, largestBadRate: 1 - 0.9 })).toMatchObject({ clean: 1 });
});

test("calls every full window clean without an objective", () => {
  expect(
    after(
      [
        [20, 20],
        [20, 20],
      ],
      { windowMs: 300_000, largestBadRate: null },
    ),
  ).toMatchObject({ broken: 0, clean: 2 });
});
