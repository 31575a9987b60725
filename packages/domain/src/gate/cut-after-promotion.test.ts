import { aMaturedSession } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { CohortMember } from "../telemetry/cohort-member.ts";
import { cutAfterPromotion } from "./cut-after-promotion.ts";

const SECOND = 1000;
const SETTINGS = { isCutShort: false, maxBlockMs: 300 * SECOND, patienceMs: 1800 * SECOND };

function aMember(assignment: number, assignedAt: number, isOver = true): CohortMember {
  const matured = isOver ? aMaturedSession() : null;
  return { assignment, arm: "canary", assignedAt, lastTurnAt: null, isEnded: isOver, matured };
}

function arriving(count: number, isOver: (n: number) => boolean = () => true): readonly CohortMember[] {
  return Array.from({ length: count }, (_, n) => aMember(n + 1, n * SECOND, isOver(n + 1)));
}

const sizes = (blocks: readonly (readonly unknown[])[]): readonly number[] => blocks.map((block) => block.length);

test("closes a block at twenty sessions, or when a window of time is over", () => {
  expect(sizes(cutAfterPromotion({ ...SETTINGS, members: arriving(50), now: 50 * SECOND }))).toEqual([20, 20]);
  expect(sizes(cutAfterPromotion({ ...SETTINGS, members: arriving(50), now: 340 * SECOND }))).toEqual([20, 20, 10]);
});

test("a session that is not over holds up its block and those behind it, for as long as patience lasts", () => {
  const members = arriving(50, (n) => n !== 25);
  const cutAt = (now: number) => sizes(cutAfterPromotion({ ...SETTINGS, members, now }));
  expect(cutAt(1000 * SECOND)).toEqual([20]);
  expect(cutAt((24 + 1800) * SECOND)).toEqual([20, 20, 10]);
});

test("reading in larger or smaller pieces gives the same blocks, each session in one of them", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400 * SECOND), { maxLength: 120 }), fc.integer({ min: 25, max: 60 }), (gaps, limit) => {
      let assignedAt = 0;
      const members = gaps.map((gap, n) => aMember(n + 1, (assignedAt += gap)));
      const now = assignedAt + SETTINGS.maxBlockMs;
      const whole = cutAfterPromotion({ ...SETTINGS, members, now });
      const pieces: (readonly CohortMember[])[] = [];
      for (let rest: readonly CohortMember[] = members; ;) {
        const isCutShort = rest.length > limit;
        const blocks = cutAfterPromotion({ ...SETTINGS, members: rest.slice(0, limit), isCutShort, now });
        pieces.push(...blocks);
        rest = rest.slice(blocks.flat().length);
        if (!isCutShort) break;
      }
      expect(pieces).toEqual(whole);
      expect(whole.flat()).toEqual(members);
    }),
  );
});
