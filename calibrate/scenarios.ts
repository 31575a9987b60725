import type { RolloutStep } from "@perch/domain";
import { correlatedBad, EIGHT_GATES, EIGHT_REFERENCES, MAIN_RATE, ONE_GATE, ONE_REFERENCE } from "./gates.ts";
import { exponential, type Random } from "./random.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Scenario, type Traffic } from "./scenario.ts";

const NEVER_MS = 365 * DAY_MS;
/** Few and many: 5 and 20 canary sessions a window of five minutes at a weight of 5 %. */
const [FEW, MANY] = [20, 80];

function step(percent: number, durationMs: number, minCanarySessions = 0): RolloutStep {
  return { weightBp: percent * 100, durationMs, minCanarySessions, requiresApproval: false };
}

/** A step that no run leaves: what is counted is who is rolled back. */
const HELD_AT_5 = [step(5, NEVER_MS)];
const RAMP = [step(5, HOUR_MS), step(25, HOUR_MS), step(50, HOUR_MS, 100)];

const known = (rateOf: (session: Parameters<Traffic["outcome"]>[1]) => number, perMinute = FEW): Traffic => ({
  perMinute,
  outcome: (random, session) => ({ bad: random() < rateOf(session) ? 1 : 0, delayMs: 0 }),
});

const ONE: Omit<Scenario, "name" | "traffic"> = {
  gates: ONE_GATE,
  references: ONE_REFERENCE,
  steps: HELD_AT_5,
  looks: "every-session",
  mostCanarySessions: 1000,
  mostMs: NEVER_MS,
  oracle: null,
};

const alike = known(() => MAIN_RATE);
const canaryAt = (rate: number): Traffic => known(({ isCanary }) => (isCanary ? rate : MAIN_RATE));

/** A day's cycle of the rate of bad sessions, in both arms alike. */
function cycle(at: number, amplitude: number): number {
  return MAIN_RATE + amplitude * Math.sin((2 * Math.PI * at) / DAY_MS);
}

/** A session of 1 to 15 turns whose turns fail together: bad when the user's last try failed. */
function lastOfCorrelatedTurns(random: Random): number {
  const own = random() < 0.3 ? (random() < MAIN_RATE ? 1 : 0) : MAIN_RATE;
  const turns = 1 + Math.floor(random() * 15);
  let bad = 0;
  for (let turn = 0; turn < turns; turn += 1) bad = random() < own ? 1 : 0;
  return bad;
}

const detection = (name: string, canary: number, looks: Scenario["looks"]): Scenario => ({
  ...ONE,
  name,
  looks,
  traffic: canaryAt(canary),
  mostCanarySessions: 3000,
  oracle: { baseline: MAIN_RATE, canary },
});

const EIGHT: Omit<Scenario, "name" | "traffic"> = { ...ONE, gates: EIGHT_GATES, references: EIGHT_REFERENCES };

/** Every scenario by its name; the traps are those of `statistics.md` 2. */
export const SCENARIOS: readonly Scenario[] = [
  { ...ONE, name: "aa-one-gate", traffic: alike },
  {
    ...EIGHT,
    name: "aa-all-gates",
    steps: RAMP,
    // Drift, and outcomes that are known 20 minutes later on average.
    traffic: {
      perMinute: FEW,
      outcome: (random, { at }) => ({
        bad: correlatedBad(random, MAIN_RATE, 0.15 * Math.sin((2 * Math.PI * at) / DAY_MS)),
        delayMs: exponential(random, 20 * MINUTE_MS),
      }),
    },
  },
  detection("8-22", 0.22, "every-window"),
  detection("8-12", 0.12, "every-window"),
  detection("8-22-every-block", 0.22, "every-session"),
  detection("8-12-every-block", 0.12, "every-session"),
  { ...ONE, name: "at-margin", steps: RAMP, traffic: canaryAt(0.12), mostCanarySessions: 20_000, mostMs: DAY_MS },
  { ...ONE, name: "good", steps: RAMP, traffic: alike, mostCanarySessions: 40_000, mostMs: DAY_MS },
  {
    ...ONE,
    name: "trap-correlated-turns",
    traffic: { perMinute: FEW, outcome: (random) => ({ bad: lastOfCorrelatedTurns(random), delayMs: 0 }) },
  },
  {
    ...ONE,
    name: "trap-delay",
    traffic: {
      perMinute: FEW,
      outcome: (random) => ({ bad: random() < MAIN_RATE ? 1 : 0, delayMs: exponential(random, 20 * MINUTE_MS) }),
    },
  },
  {
    ...ONE,
    name: "trap-bad-sessions-end-later",
    traffic: {
      perMinute: FEW,
      outcome: (random) => {
        const bad = random() < MAIN_RATE ? 1 : 0;
        return { bad, delayMs: exponential(random, 20 * MINUTE_MS) + bad * 30 * MINUTE_MS };
      },
    },
  },
  {
    ...ONE,
    name: "trap-weight-and-delay",
    steps: [step(5, HOUR_MS / 2), step(25, HOUR_MS / 2), step(50, NEVER_MS)],
    traffic: {
      perMinute: MANY,
      outcome: (random) => ({ bad: random() < MAIN_RATE ? 1 : 0, delayMs: exponential(random, 20 * MINUTE_MS) }),
    },
  },
  { ...ONE, name: "trap-drift", traffic: known(({ at }) => cycle(at, 0.03)) },
  // Both arms' rates follow the weight up: pooled over steps the canary looks worse, because it is in the later ones.
  {
    ...ONE,
    name: "trap-simpson",
    steps: [step(5, HOUR_MS / 2), step(25, HOUR_MS / 2), step(50, NEVER_MS)],
    traffic: known(({ weight }) => (weight <= 0.05 ? 0.05 : weight <= 0.25 ? 0.08 : 0.14), MANY),
  },
  {
    ...detection("trap-low-traffic", 0.22, "every-window"),
    traffic: { ...canaryAt(0.22), perMinute: 0.4 },
    oracle: null,
  },
  {
    ...ONE,
    name: "trap-late-onset",
    traffic: known(({ isCanary, nthInArm }) => (isCanary && nthInArm >= 500 ? 0.22 : MAIN_RATE)),
    mostCanarySessions: 3000,
  },
];
