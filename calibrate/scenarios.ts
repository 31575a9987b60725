import type { RolloutStep } from "@perch/domain";
import { correlatedBad, EIGHT_GATES, EIGHT_REFERENCES, MAIN_RATE, ONE_GATE, ONE_REFERENCE } from "./gates.ts";
import { exponential } from "./random.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Scenario, type Traffic } from "./scenario.ts";
import { alike, canaryAt, cycle, FEW, known } from "./traffic.ts";

const NEVER_MS = 365 * DAY_MS;

export function step(percent: number, durationMs: number, minCanarySessions = 0): RolloutStep {
  return { weightBp: percent * 100, durationMs, minCanarySessions, requiresApproval: false };
}

/** A step that no run leaves: what is counted is who is rolled back. */
export const HELD_AT_5 = [step(5, NEVER_MS)];
export const RAMP = [step(5, HOUR_MS), step(25, HOUR_MS), step(50, HOUR_MS, 100)];

/** The main outcome alone at 5 %, until 1 000 canary sessions. */
export const ONE: Omit<Scenario, "name" | "traffic"> = {
  gates: ONE_GATE,
  references: ONE_REFERENCE,
  steps: HELD_AT_5,
  looks: "every-session",
  mostCanarySessions: 1000,
  mostMs: NEVER_MS,
  oracle: null,
};

const EIGHT: Omit<Scenario, "name" | "traffic"> = { ...ONE, gates: EIGHT_GATES, references: EIGHT_REFERENCES };

/** Eight correlated outcomes, known 20 minutes later on average, in a day's cycle of all rates. */
const eightOutcomes = (canaryRate: number): Traffic => ({
  perMinute: FEW,
  outcome: (random, { isCanary, at }) => ({
    bad: correlatedBad(random, isCanary ? canaryRate : MAIN_RATE, 0.15 * Math.sin((2 * Math.PI * at) / DAY_MS)),
    delayMs: exponential(random, 20 * MINUTE_MS),
  }),
});

const detection = (name: string, canary: number, looks: Scenario["looks"]): Scenario => ({
  ...ONE,
  name,
  looks,
  traffic: known(canaryAt(canary)),
  mostCanarySessions: 3000,
  oracle: { baseline: MAIN_RATE, canary },
});

/** The figures that `statistics.md` 4 promises. */
export const HEADLINES: readonly Scenario[] = [
  { ...ONE, name: "aa-one-gate", traffic: known(alike), naive: "peeked z-test of pooled sessions" },
  { ...EIGHT, name: "aa-all-gates", steps: RAMP, traffic: eightOutcomes(MAIN_RATE) },
  {
    ...ONE,
    name: "aa-whole-day",
    steps: RAMP,
    traffic: known(({ at }) => cycle(at, 0.02)),
    mostCanarySessions: 40_000,
    mostMs: DAY_MS,
  },
  detection("8-22", 0.22, "every-window"),
  detection("8-12", 0.12, "every-window"),
  detection("8-22-every-block", 0.22, "every-session"),
  detection("8-12-every-block", 0.12, "every-session"),
  { ...EIGHT, name: "8-22-all-gates", traffic: eightOutcomes(0.22), mostCanarySessions: 3000 },
  {
    ...ONE,
    name: "at-margin",
    steps: RAMP,
    traffic: known(canaryAt(0.12)),
    mostCanarySessions: 20_000,
    mostMs: DAY_MS,
  },
  { ...ONE, name: "good", steps: RAMP, traffic: known(alike), mostCanarySessions: 40_000, mostMs: DAY_MS },
];
