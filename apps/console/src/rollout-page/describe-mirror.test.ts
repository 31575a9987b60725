import { expect, test } from "vitest";
import { describeMirror } from "./describe-mirror.ts";
import { formatWeight } from "./format-number.ts";
import { formatOdds } from "./format-odds.ts";

const mirror = {
  percentageBp: 1000,
  isOn: true,
  stoppedBecause: "",
  spent: { sessions: 12, turns: 40, requestBytes: 5000 },
  cap: { sessions: 1000, turns: 10_000, requestBytes: 1_000_000_000 },
  compared: null,
};

test("a mirror says how much of its cap it has spent, and why it stopped", () => {
  expect(describeMirror(mirror)).toBe(
    `Mirrors ${formatWeight(1000)} of new sessions: 12 of at most 1,000 sessions, 40 of at most 10,000 turns`,
  );
  const stopped = { ...mirror, isOn: false, stoppedBecause: "the spend cap of 40 turns is reached" };
  expect(describeMirror(stopped)).toMatch(/^Mirrored .*; stopped: the spend cap of 40 turns is reached$/);
});

test("pairs say in how many the shadow did worse, and on what evidence", () => {
  const compared = {
    pairs: 12,
    failures: { onlyShadow: 3, onlyBaseline: 1, logE: Math.log(2) },
    slower: { onlyShadow: 5, onlyBaseline: 2, logE: 0 },
    rejectAtLogE: Math.log(100),
    isRejected: false,
  };
  expect(describeMirror({ ...mirror, compared })).toContain(
    `Of 12 pairs, only the shadow failed in 3 and only the baseline in 1 (${formatOdds(Math.log(2))}); the shadow was slower in 5, the baseline in 2`,
  );
});
