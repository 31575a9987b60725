import { MAIN_RATE } from "./gates.ts";
import { exponential } from "./random.ts";
import { DAY_MS, MINUTE_MS, type Arriving, type Scenario, type Traffic } from "./scenario.ts";
import { ONE, RAMP } from "./scenarios.ts";
import { cycle, FEW, known } from "./traffic.ts";

/** A ramp of identical releases at 8 %, and what the promoted one does once everybody meets it; its objective is 12 %. */
const baking = (name: string, traffic: Traffic): Scenario => ({
  ...ONE,
  name,
  steps: RAMP,
  traffic,
  mostCanarySessions: 40_000,
  mostMs: DAY_MS,
  sessionsAfterPromotion: 10_000,
});

const afterwards =
  (rate: number) =>
  ({ weight }: Arriving): number =>
    weight === 1 ? rate : MAIN_RATE;

/** Bad sessions end at once, good ones take half an hour: the first to end are nearly all bad. */
const badEndFirst: Traffic = {
  perMinute: FEW,
  outcome: (random, session) => {
    const bad = random() < afterwards(0.1)(session) ? 1 : 0;
    return { bad, delayMs: bad === 1 ? 0 : exponential(random, 15 * MINUTE_MS) };
  },
};

/** Promotions that bake: `docs/decisions/0081`. */
export const PROMOTIONS: readonly Scenario[] = [
  baking("promise-kept", known(afterwards(MAIN_RATE))),
  baking(
    "promise-kept-all-day",
    known(({ at }) => cycle(at, 0.03)),
  ),
  baking("promise-at-its-bound", known(afterwards(0.12))),
  baking("promise-bad-end-first", badEndFirst),
  baking("promise-8-15", known(afterwards(0.15))),
  baking("promise-8-22", known(afterwards(0.22))),
];
