import { harmSteps } from "@perch/domain";
import { MAIN_RATE, SPRT_GATE } from "./gates.ts";
import { HORIZON_WINDOWS, DAY_MS, MINUTE_MS, type Scenario } from "./scenario.ts";
import { ONE, RAMP } from "./scenarios.ts";
import { alike, canaryAt, cycle, FEW, known, MANY } from "./traffic.ts";

const DESIGNED: Omit<Scenario, "name" | "traffic"> = { ...ONE, gates: SPRT_GATE, looks: "every-window" };

const designedFor = (name: string, canary: number): Scenario => ({
  ...DESIGNED,
  name,
  traffic: known(canaryAt(canary)),
  mostCanarySessions: 6000,
  oracle: { baseline: MAIN_RATE, canary },
});

/** A day's cycle of ±2 points in both arms, the canary so much worse (`statistics.md` 3.10). */
const cycling = (excess: number, perMinute: number) =>
  known(({ at, isCanary }) => cycle(at, 0.02) + (isCanary ? excess : 0), perMinute);

type Budgeted = { readonly budget: number; readonly excess: number; readonly perMinute?: number };

const budgeted = (name: string, { budget, excess, perMinute = FEW }: Budgeted): Scenario => ({
  ...ONE,
  name,
  steps: harmSteps(10 * MINUTE_MS, 100),
  ramp: { kind: "harm-budget", budget, horizonWindows: HORIZON_WINDOWS },
  traffic: cycling(excess, perMinute),
  mostCanarySessions: 40_000,
  mostMs: DAY_MS,
});

/** What a rollout file may choose instead of the defaults: `compare.method: sprt`, and `ramp.mode: harm-budget`. */
export const OPTIONS: readonly Scenario[] = [
  { ...DESIGNED, name: "sprt-aa", looks: "every-session", traffic: known(alike) },
  designedFor("sprt-8-12", 0.12),
  designedFor("sprt-8-22", 0.22),
  { ...DESIGNED, name: "sprt-good", steps: RAMP, traffic: known(alike), mostCanarySessions: 40_000, mostMs: DAY_MS },
  {
    ...DESIGNED,
    name: "sprt-at-margin",
    steps: RAMP,
    traffic: known(canaryAt(0.12)),
    mostCanarySessions: 20_000,
    mostMs: DAY_MS,
  },
  budgeted("harm-budget-good", { budget: 25, excess: 0 }),
  budgeted("harm-budget-8-10", { budget: 25, excess: 0.02 }),
  budgeted("harm-budget-8-12", { budget: 25, excess: 0.04 }),
  budgeted("harm-budget-8-22", { budget: 25, excess: 0.14 }),
  budgeted("harm-budget-8-40", { budget: 25, excess: 0.32 }),
  budgeted("harm-budget-8-12-of-many", { budget: 25, excess: 0.04, perMinute: MANY }),
  budgeted("harm-budget-8-22-of-many", { budget: 25, excess: 0.14, perMinute: MANY }),
  budgeted("harm-budget-of-10-8-12", { budget: 10, excess: 0.04 }),
  // What fixed steps, an hour each, do to as many.
  {
    ...ONE,
    name: "steps-8-12-of-many",
    steps: RAMP,
    traffic: cycling(0.04, MANY),
    mostCanarySessions: 40_000,
    mostMs: DAY_MS,
  },
];
