import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLateness } from "./lateness.ts";

type Delivery = { readonly gapMs: number; readonly delayMs: number };

/** Whatever the clocks' difference and drift: lateness by our clock of events that came in order. */
function play(deliveries: readonly Delivery[], clock: { readonly offsetMs: number; readonly drift: number }) {
  let sent = 0;
  let arrived = 0;
  const lateness = createLateness(0);
  return deliveries.map(({ gapMs, delayMs }) => {
    sent += gapMs;
    arrived = Math.max(arrived, sent + delayMs);
    return { told: lateness({ sentAt: clock.offsetMs + sent * (1 + clock.drift), at: arrived }), real: arrived - sent };
  });
}

const deliveries = fc.array(
  fc.record({ gapMs: fc.integer({ min: 1, max: 1000 }), delayMs: fc.integer({ min: 0, max: 5000 }) }),
  { minLength: 1, maxLength: 50 },
);
const clock = fc.record({
  offsetMs: fc.integer({ min: -1e9, max: 1e9 }),
  drift: fc.double({ min: -0.001, max: 0.001, noNaN: true }),
});

test("never takes an event for less late than it is, but for what clocks may drift", () => {
  fc.assert(
    fc.property(deliveries, clock, (sent, skew) => {
      const passedMs = sent.reduce((total, { gapMs }) => total + gapMs, 0);
      for (const { told, real } of play(sent, skew)) expect(told).toBeGreaterThanOrEqual(real - 0.022 * passedMs - 1);
    }),
  );
});

test("forgets drift, and that the first answer took its time, while events come as they are sent", () => {
  const steady = Array.from({ length: 1000 }, () => ({ gapMs: 667, delayMs: 3 }));
  const [first, ...later] = play([{ gapMs: 1, delayMs: 400 }, ...steady], { offsetMs: 1e6, drift: -0.01 });
  expect(first?.told).toBeGreaterThanOrEqual(400);
  expect(Math.max(...later.slice(100).map(({ told }) => told))).toBeLessThan(10);
});
