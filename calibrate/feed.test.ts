import { cutBlocks, type CohortMember } from "@perch/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createFeed, patienceOf, type Member } from "./feed.ts";
import { ONE_GATE } from "./gates.ts";
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

/** What the server does: everything that waits is shown to the engine, every time. */
function cutAll(members: readonly Member[], now: number): readonly (readonly CohortMember[])[] {
  return cutBlocks({ members, isCutShort: false, now, maxBlockMs: 60 * MINUTE_MS, patienceMs: 12 * WINDOW_MS });
}

test("closes the very blocks, at the very moments, that showing the engine everything each time would close", () => {
  fc.assert(
    fc.property(fc.array(anyArrival, { minLength: 60, maxLength: 200, size: "max" }), (arrivals) => {
      const feed = createFeed({ step: 0, patienceMs: patienceOf(ONE_GATE) });
      const due: { after: number; settle: () => void }[] = [];
      let waiting: Member[] = [];
      let now = 0;
      for (const [i, { gapMs, isCanary, isBad, lag }] of arrivals.entries()) {
        now += gapMs;
        const arm = isCanary ? "canary" : "baseline";
        const member: Member = { assignment: i + 1, arm, assignedAt: now, matured: null };
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
