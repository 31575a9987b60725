import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseAgentName, parseSessionId } from "../routing/ids.ts";
import { isSampled } from "./sampling.ts";

const sessions = Array.from({ length: 4000 }, (_, index) => ({
  agent: parseAgentName("support"),
  session: parseSessionId(`session-${index}`),
}));
const sampled = (scorer: string, percent: number) => sessions.filter((session) => isSampled(scorer, session, percent));

test("a larger share only ever adds sessions", () => {
  const anyPercent = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3999 }), anyPercent, anyPercent, (index, a, b) => {
      const session = sessions[index] ?? { agent: parseAgentName("support"), session: parseSessionId("s") };
      const [less, more] = [Math.min(a, b), Math.max(a, b)];
      expect(isSampled("judge", session, more) || !isSampled("judge", session, less)).toBe(true);
    }),
  );
});

test("the share is what was asked for, and two scorers judge different sessions", () => {
  expect(sampled("judge", 100)).toHaveLength(4000);
  expect(sampled("judge", 10).length).toBeGreaterThan(320);
  expect(sampled("judge", 10).length).toBeLessThan(480);
  expect(sampled("judge", 10)).not.toEqual(sampled("another", 10));
});
