import { aMaturedSession } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { MaturedSession } from "../telemetry/session.ts";
import type { Block } from "./block.ts";
import { closeBlocks } from "./close-blocks.ts";
import type { GateSpec } from "./gate-spec.ts";

const MINUTE = 60_000;
const ASSIGNED = { baseline: 95, canary: 5 };
const GATES: readonly GateSpec[] = [aGate("escalation-rate"), aGate("score.success")];

function aGate(of: GateSpec["of"]): GateSpec {
  const direction = of.startsWith("score.") ? "decrease" : "increase";
  return { name: of, of, direction, objective: null, margin: 0.04, role: "guardrail", onFail: "rollback", alpha: 0.01 };
}

function close(sessions: readonly MaturedSession[], now = sessions.at(-1)?.maturedAt ?? 0): readonly Block[] {
  return closeBlocks({ step: 0, sessions, gates: GATES, now, maxBlockMs: 60 * MINUTE, assigned: ASSIGNED });
}

/** "b" a baseline session, "c" a canary session, one a second. */
function arriving(arms: string): MaturedSession[] {
  return arms
    .split("")
    .map((arm, i) =>
      aMaturedSession({ sequence: i + 1, maturedAt: 1000 * i, arm: arm === "c" ? "canary" : "baseline" }),
    );
}

const anyStream = fc
  .array(
    fc.record({
      isCanary: fc.boolean(),
      gapMs: fc.oneof({ weight: 5, arbitrary: fc.nat(2 * MINUTE) }, { weight: 1, arbitrary: fc.nat(90 * MINUTE) }),
      isEscalated: fc.boolean(),
      success: fc.option(fc.constantFrom(0, 1)),
    }),
    { maxLength: 120 },
  )
  .map((arrivals) => {
    let maturedAt = 0;
    return arrivals.map(({ isCanary, gapMs, isEscalated, success }, i) => {
      maturedAt += gapMs;
      const scores: Record<string, number> = success === null ? {} : { success };
      return aMaturedSession({
        sequence: i + 1,
        maturedAt,
        arm: isCanary ? "canary" : "baseline",
        isEscalated,
        scores,
      });
    });
  });

test("closes a block with the session that completes 2 of the canary and 10 of the baseline", () => {
  const [block, ...more] = close(arriving("bbbbbcbbbbbcbbb"));
  expect(more).toEqual([]);
  expect(block).toMatchObject({
    throughSequence: 12,
    baselineSessions: 10,
    canarySessions: 2,
    openedAt: 0,
    closedAt: 11_000,
  });
});

test("leaves an unfinished block for the next reading", () => {
  expect(close(arriving("bbbbbbbbbbbbbbbc"))).toEqual([]);
  expect(close([])).toEqual([]);
});

test("closes a slow block once its first session is an hour old and both arms have one", () => {
  const slow = arriving("bbc");
  expect(close(slow, 60 * MINUTE - 1)).toEqual([]);
  expect(close(slow, 60 * MINUTE)).toMatchObject([{ throughSequence: 3, baselineSessions: 2, canarySessions: 1 }]);
});

test("keeps an hour-old block of one arm open until the other arm comes", () => {
  const late = aMaturedSession({ sequence: 3, maturedAt: 200 * MINUTE, arm: "canary" });
  expect(close(arriving("bb"), 199 * MINUTE)).toEqual([]);
  expect(close([...arriving("bb"), late])).toMatchObject([{ throughSequence: 3, canarySessions: 1 }]);
});

test("counts for each gate only the sessions that it can judge", () => {
  const scored = arriving("bbbbbbbbbbcc").map((session, i) => ({
    ...session,
    isEscalated: i === 3 || i === 11,
    scores: i % 2 === 0 ? { success: i === 10 ? 0 : 1 } : {},
  }));
  expect(close(scored)[0]?.counts).toEqual({
    "escalation-rate": { baselineSessions: 10, baselineBad: 1, canarySessions: 2, canaryBad: 1 },
    "score.success": { baselineSessions: 5, baselineBad: 0, canarySessions: 1, canaryBad: 1 },
  });
});

test("passes over sessions of other steps", () => {
  const other = arriving("bbbbbbbbbbcc").map((session) => ({ ...session, step: 1 }));
  expect(close(other, 1000 * MINUTE)).toEqual([]);
});

test("puts every session up to the last block into exactly one block", () => {
  fc.assert(
    fc.property(anyStream, (sessions) => {
      const blocks = close(sessions);
      const through = blocks.at(-1)?.throughSequence ?? 0;
      const counted = blocks.reduce((sum, block) => sum + block.baselineSessions + block.canarySessions, 0);
      expect(counted).toBe(sessions.filter((session) => session.sequence <= through).length);
    }),
  );
});

test("gives the same blocks however, and however late, the reading is cut into pieces", () => {
  const anyCuts = fc.array(fc.record({ end: fc.nat(120), lateness: fc.constantFrom(0, 0.5, 1) }));
  fc.assert(
    fc.property(anyStream, anyCuts, (sessions, cuts) => {
      let cursor = 0;
      const inPieces = [...cuts.toSorted((a, b) => a.end - b.end), { end: sessions.length, lateness: 0 }].flatMap(
        ({ end, lateness }) => {
          const read = sessions.slice(0, end);
          const last = read.at(-1)?.maturedAt ?? 0;
          const beforeNext = Math.max(last, (sessions[end]?.maturedAt ?? last) - 1);
          const now = last + lateness * (beforeNext - last);
          const blocks = close(
            read.filter((session) => session.sequence > cursor),
            now,
          );
          cursor = blocks.at(-1)?.throughSequence ?? cursor;
          return blocks;
        },
      );
      expect(inPieces).toEqual(close(sessions));
    }),
    { numRuns: 300 },
  );
});

test("never looks at an outcome to close a block", () => {
  fc.assert(
    fc.property(anyStream, (sessions) => {
      const edges = (blocks: readonly Block[]) => blocks.map((block) => block.throughSequence);
      const turned = sessions.map((session) => ({ ...session, isEscalated: !session.isEscalated, scores: {} }));
      expect(edges(close(turned))).toEqual(edges(close(sessions)));
    }),
  );
});
