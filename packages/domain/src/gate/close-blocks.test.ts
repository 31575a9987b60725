import { aGate, aMaturedSession } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { CohortMember } from "../telemetry/cohort-member.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import { closeBlocks, type ClosedBlock } from "./close-blocks.ts";
import type { GateSpec, Metric } from "./gate-spec.ts";

const MINUTE = 60_000;
const GATES: readonly GateSpec[] = [aGateOn("escalation-rate"), aGateOn("score.success")];

function aGateOn(of: Metric): GateSpec {
  return aGate({ name: of, of, direction: of.startsWith("score.") ? "decrease" : "increase", objective: null });
}

const SETTINGS = {
  step: 0,
  gates: GATES,
  maxBlockMs: 60 * MINUTE,
  patienceMs: 30 * MINUTE,
  isCutShort: false,
};

function close(members: readonly CohortMember[], now = members.at(-1)?.assignedAt ?? 0): readonly ClosedBlock[] {
  return closeBlocks({ ...SETTINGS, members, now });
}

/** "b" a baseline session, "c" a canary session, one a second. */
function arriving(arms: string): CohortMember[] {
  return arms.split("").map((arm, i) => aMember({ assignment: i + 1, assignedAt: 1000 * i }, arm === "c"));
}

function aMember(
  place: { assignment: number; assignedAt: number },
  isCanary: boolean,
  outcome: Partial<MaturedSession> = {},
): CohortMember {
  const arm = isCanary ? "canary" : "baseline";
  return { ...place, arm, lastTurnAt: null, isEnded: false, matured: aMaturedSession({ arm, ...outcome }) };
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
    let assignedAt = 0;
    return arrivals.map(({ isCanary, gapMs, isEscalated, success }, i) => {
      assignedAt += gapMs;
      const scores: Record<string, number> = success === null ? {} : { success };
      return aMember({ assignment: i + 1, assignedAt }, isCanary, { isEscalated, scores });
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
  const late = aMember({ assignment: 3, assignedAt: 200 * MINUTE }, true);
  expect(close(arriving("bb"), 199 * MINUTE)).toEqual([]);
  expect(close([...arriving("bb"), late])).toMatchObject([{ throughSequence: 3, canarySessions: 1 }]);
});

test("counts for each gate only the sessions that it can judge", () => {
  const scored = arriving("bbbbbbbbbbcc").map((member, i) =>
    aMember(member, member.arm === "canary", {
      isEscalated: i === 3 || i === 11,
      scores: i % 2 === 0 ? { success: i === 10 ? 0 : 1 } : {},
    }),
  );
  expect(close(scored)[0]?.counts).toEqual({
    "escalation-rate": { baselineSessions: 10, baselineBad: 1, canarySessions: 2, canaryBad: 1 },
    "score.success": { baselineSessions: 5, baselineBad: 0, canarySessions: 1, canaryBad: 1 },
  });
});

const unsettled = (member: CohortMember): CohortMember => ({ ...member, matured: null });

test("waits until every session of a block has matured, and holds back the blocks behind it", () => {
  const members = arriving("bbbbbbbbbbccbbbbbbbbbbcc");
  const waiting = members.map((member) => (member.assignment === 4 ? unsettled(member) : member));
  expect(close(waiting)).toEqual([]);
  expect(close(members).map((block) => block.throughSequence)).toEqual([12, 24]);
});

test("leaves a session out of its block when it has not matured in time", () => {
  const members = arriving("bbbbbbbbbbcc").map((member) => (member.assignment === 4 ? unsettled(member) : member));
  expect(close(members, 3000 + 30 * MINUTE - 1)).toEqual([]);
  expect(close(members, 3000 + 30 * MINUTE)).toMatchObject([{ unresolved: 1, baselineSessions: 9, canarySessions: 2 }]);
});

test("an arm that answers more slowly changes neither the blocks nor what is in them", () => {
  fc.assert(
    fc.property(anyStream, fc.infiniteStream(fc.nat(10 * MINUTE)), (members, delays) => {
      const slower = members.map((member) => {
        const [delay] = delays.take(1);
        return {
          ...member,
          matured: aMaturedSession({ ...member.matured, maturedAt: member.assignedAt + (delay ?? 0) }),
        };
      });
      expect(close(slower)).toEqual(close(members));
    }),
  );
});

test("does not close a slow block by the clock when more of it is still to be read", () => {
  const slow = arriving("bbc");
  expect(closeBlocks({ ...SETTINGS, members: slow, now: 61 * MINUTE, isCutShort: true })).toEqual([]);
});

test("puts every session up to the last block into exactly one block", () => {
  fc.assert(
    fc.property(anyStream, (sessions) => {
      const blocks = close(sessions);
      const through = blocks.at(-1)?.throughSequence ?? 0;
      const counted = blocks.reduce((sum, block) => sum + block.baselineSessions + block.canarySessions, 0);
      expect(counted).toBe(sessions.filter((session) => session.assignment <= through).length);
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
          const last = read.at(-1)?.assignedAt ?? 0;
          const beforeNext = Math.max(last, (sessions[end]?.assignedAt ?? last) - 1);
          const now = last + lateness * (beforeNext - last);
          const blocks = close(
            read.filter((session) => session.assignment > cursor),
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
      const edges = (blocks: readonly ClosedBlock[]) => blocks.map((block) => block.throughSequence);
      const turned = sessions.map((member) =>
        aMember(member, member.arm === "canary", { isEscalated: member.matured?.isEscalated !== true, scores: {} }),
      );
      expect(edges(close(turned))).toEqual(edges(close(sessions)));
    }),
  );
});
