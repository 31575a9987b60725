import { cutBlocks, readLandmarks, type CohortMember, type GateAge } from "@perch/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createBlockFeed, createLandmarkFeed, type Member } from "./feed.ts";
import { LANDMARK_GATE, ONE_GATE } from "./gates.ts";
import { createHeard } from "./heard.ts";
import { createOutcomes } from "./outcomes.ts";
import { MINUTE_MS, WINDOW_MS } from "./scenario.ts";

const outcomes = createOutcomes(ONE_GATE);

const anyArrival = fc.record({
  gapMs: fc.oneof({ weight: 9, arbitrary: fc.nat(2 * MINUTE_MS) }, { weight: 1, arbitrary: fc.nat(90 * MINUTE_MS) }),
  isCanary: fc.nat(4).map((n) => n === 0),
  isBad: fc.boolean(),
  /** How many arrivals later its outcome is known; null: never. */
  lag: fc.oneof({ weight: 50, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.constant(null) }),
});

function memberOf(index: number, isCanary: boolean, assignedAt: number): Member {
  const arm = isCanary ? "canary" : "baseline";
  return { assignment: index + 1, arm, assignedAt, lastTurnAt: null, isEnded: false, matured: null };
}

/** What the server does: everything that waits is shown to the engine, every time. */
function cutAll(members: readonly Member[], now: number): readonly (readonly CohortMember[])[] {
  return cutBlocks({ members, isCutShort: false, now, maxBlockMs: 60 * MINUTE_MS, patienceMs: 12 * WINDOW_MS });
}

test("closes the very blocks, at the very moments, that showing the engine everything each time would close", () => {
  fc.assert(
    fc.property(fc.array(anyArrival, { minLength: 60, maxLength: 200, size: "max" }), (arrivals) => {
      const feed = createBlockFeed(0);
      const due: { after: number; settle: () => void }[] = [];
      let waiting: Member[] = [];
      let now = 0;
      for (const [i, { gapMs, isCanary, isBad, lag }] of arrivals.entries()) {
        now += gapMs;
        const member = memberOf(i, isCanary, now);
        waiting.push(member);
        feed.add(member);
        const session = outcomes(member, { bad: isBad ? 1 : 0, delayMs: 0 });
        if (lag !== null) due.push({ after: i + lag, settle: () => feed.mature(member, session) });
        for (const { after, settle } of due) if (after === i) settle();
        const expected = cutAll(waiting, now);
        expect(feed.close(now).map((block) => block.members)).toEqual(expected);
        const through = expected.at(-1)?.at(-1)?.assignment ?? 0;
        waiting = waiting.filter(({ assignment }) => assignment > through);
      }
    }),
    { numRuns: 100 },
  );
});

const [AGED] = LANDMARK_GATE;
const AGE_MS = 30 * MINUTE_MS;
const noTiming = { isCutShort: false, maxBlockMs: 60 * MINUTE_MS, latenessMs: 0, patienceMs: 12 * WINDOW_MS };

test("reads at an age what, and when, showing the engine everything each time would read", () => {
  if (AGED?.kind !== "proportion") throw new Error("found no gate with a landmark");
  const age: GateAge = { gate: AGED, ageMs: AGE_MS };
  fc.assert(
    fc.property(fc.array(anyArrival, { minLength: 60, maxLength: 200, size: "max" }), (arrivals) => {
      const heard = createHeard();
      const feed = createLandmarkFeed(0, age, () => heard.signs());
      const due: { after: number; settle: (at: number) => void }[] = [];
      let waiting: Member[] = [];
      let now = 0;
      for (const [i, { gapMs, isCanary, isBad, lag }] of arrivals.entries()) {
        now += gapMs;
        const member = memberOf(i, isCanary, now);
        waiting.push(member);
        feed.add(member);
        const settle = (at: number): void => {
          heard.note(member.arm, at);
          feed.mature(
            member,
            createOutcomes(LANDMARK_GATE)(member, { bad: isBad ? 1 : 0, delayMs: at - member.assignedAt }),
          );
        };
        if (lag !== null) due.push({ after: i + lag, settle });
        for (const one of due) if (one.after === i) one.settle(now);
        const shown = { ...noTiming, ...age, members: waiting, now, step: 0, idleTimeoutMs: Infinity };
        const expected = readLandmarks({ ...shown, heard: heard.signs(), heardSince: Infinity });
        expect(feed.close(now)).toEqual(expected);
        const through = expected.at(-1)?.throughSequence ?? 0;
        waiting = waiting.filter(({ assignment }) => assignment > through);
      }
    }),
    { numRuns: 60 },
  );
});
