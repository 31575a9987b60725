import { COST_GATE, COST_REFERENCE, LANDMARK_GATE, MAIN_RATE, P95_GATE, P95_REFERENCE, TOOLS_GATE } from "./gates.ts";
import { HOUR_MS, DAY_MS, MINUTE_MS, type Arriving, type Scenario } from "./scenario.ts";
import { ONE, RAMP, step } from "./scenarios.ts";
import {
  alike,
  atMargin,
  canaryAt,
  correlatedTurns,
  costs,
  cycle,
  delayed,
  FEW,
  known,
  MANY,
  overloaded,
  slowestTurns,
  toolCalls,
} from "./traffic.ts";

const HALF_HOURS = [step(5, HOUR_MS / 2), step(25, HOUR_MS / 2), step(50, 365 * DAY_MS)];
const POOLED = "peeked z-test of pooled sessions";
/** Sessions that end after 20 minutes on average and are bad in 8 % are bad or not over after 30 in 1 − 0.92 (1 − e^−1.5). */
const LANDMARK_REFERENCE = landmarkReference(1 - Math.exp(-1.5));
/** Half an hour is the 90th percentile of the good ones. */
const [SHORT_MS, SHORT_REFERENCE] = [HOUR_MS / 2 / Math.log(10), landmarkReference(0.9)];

function landmarkReference(goodOver: number): Scenario["references"] {
  const rateAtAge = 1 - (1 - MAIN_RATE) * goodOver;
  return { "escalation-rate": { kind: "landmark", rate: MAIN_RATE, ageMs: HOUR_MS / 2, rateAtAge } };
}

/** Both arms' rates follow the weight. */
const withWeight =
  (rates: readonly [number, number, number]) =>
  ({ weight }: Arriving): number =>
    weight <= 0.05 ? rates[0] : weight <= 0.25 ? rates[1] : rates[2];

const RISING = withWeight([0.05, 0.08, 0.14]);
const FALLING = withWeight([0.14, 0.08, 0.05]);

/** Identical arms: who is rolled back is wronged. */
const WITHOUT_HARM: readonly Scenario[] = [
  {
    ...ONE,
    name: "trap-correlated-turns",
    traffic: { perMinute: FEW, outcome: correlatedTurns },
    naive: "e-process of turns",
  },
  { ...ONE, name: "trap-delay", traffic: delayed(alike) },
  // Sessions that began before the canary did, and have had the time to fail, are no control for it.
  {
    ...ONE,
    name: "trap-bad-sessions-end-later",
    traffic: delayed(alike, { perMinute: MANY, badLasts: HOUR_MS / 2 }),
    naive: POOLED,
    warmUpMs: 3 * HOUR_MS,
  },
  {
    ...ONE,
    name: "trap-weight-and-delay",
    steps: HALF_HOURS,
    traffic: delayed(alike, { perMinute: MANY, badLasts: HOUR_MS / 2 }),
    naive: POOLED,
  },
  {
    ...ONE,
    name: "trap-drift",
    traffic: known(({ at }) => cycle(at, 0.03)),
    naive: "SPRT against a fixed rate",
  },
  {
    ...ONE,
    name: "trap-simpson",
    steps: HALF_HOURS,
    traffic: known(RISING, MANY),
    naive: POOLED,
    mostCanarySessions: 3000,
  },
  {
    ...ONE,
    name: "trap-completion-order",
    traffic: { perMinute: FEW, outcome: overloaded },
    naive: "e-process in the order of endings",
  },
  {
    ...ONE,
    name: "trap-heavy-tails",
    gates: COST_GATE,
    references: COST_REFERENCE,
    traffic: costs("lognormal"),
    naive: "peeked z-test of mean cost",
  },
  {
    ...ONE,
    name: "trap-heavy-tails-pareto",
    gates: COST_GATE,
    references: {},
    traffic: costs("pareto"),
    naive: "peeked z-test of mean cost",
  },
  {
    ...ONE,
    name: "trap-p95-of-few",
    gates: P95_GATE,
    references: P95_REFERENCE,
    traffic: slowestTurns(),
    naive: "slowest of five over the 95th percentile",
  },
  {
    ...ONE,
    name: "aa-landmark",
    gates: LANDMARK_GATE,
    references: LANDMARK_REFERENCE,
    traffic: delayed(alike, { badLasts: 40 * MINUTE_MS }),
  },
  { ...ONE, name: "trap-tool-calls", gates: TOOLS_GATE, references: {}, traffic: toolCalls() },
];

/** Canaries at the margin: who is promoted got through. */
const AT_MARGIN: readonly Scenario[] = [
  {
    ...ONE,
    name: "trap-simpson-falling",
    steps: RAMP,
    traffic: known((session) => atMargin(session, FALLING(session))),
    mostCanarySessions: 20_000,
    mostMs: DAY_MS,
  },
  {
    ...ONE,
    name: "trap-delay-at-margin",
    steps: RAMP,
    traffic: delayed(canaryAt(0.12), { badLasts: HOUR_MS / 2 }),
    mostCanarySessions: 20_000,
    mostMs: DAY_MS,
  },
  // As good as the baseline for as long as the first step takes.
  {
    ...ONE,
    name: "trap-novelty",
    steps: RAMP,
    traffic: known(({ isCanary, at }) => (isCanary && at > HOUR_MS ? 0.12 : MAIN_RATE)),
    mostCanarySessions: 20_000,
    mostMs: DAY_MS,
  },
];

/** A canary that is as good as the baseline has to pass by both views. */
const GOOD_BY_LANDMARK: Scenario = {
  ...ONE,
  name: "good-landmark",
  gates: LANDMARK_GATE,
  references: SHORT_REFERENCE,
  steps: RAMP,
  traffic: delayed(alike, { lasts: SHORT_MS }),
  mostCanarySessions: 40_000,
  mostMs: DAY_MS,
};

/** Harm that is there to be found. */
const WITH_HARM: readonly Scenario[] = [
  {
    ...ONE,
    name: "trap-low-traffic",
    looks: "every-window",
    traffic: known(canaryAt(0.22), 0.4),
    mostCanarySessions: 3000,
  },
  {
    ...ONE,
    name: "trap-late-onset",
    traffic: known(({ isCanary, nthInArm }) => (isCanary && nthInArm >= 500 ? 0.22 : MAIN_RATE)),
    mostCanarySessions: 3000,
  },
  // The canary's bad sessions, three times as many, take 40 minutes more.
  {
    ...ONE,
    name: "trap-failing-takes-longer",
    traffic: delayed(canaryAt(0.22), { badLasts: 40 * MINUTE_MS }),
    mostCanarySessions: 3000,
  },
  {
    ...ONE,
    name: "trap-failing-takes-longer-landmark",
    gates: LANDMARK_GATE,
    references: LANDMARK_REFERENCE,
    traffic: delayed(canaryAt(0.22), { badLasts: 40 * MINUTE_MS }),
    mostCanarySessions: 3000,
  },
  // They take three hours more: nobody waits for them that long.
  {
    ...ONE,
    name: "trap-failing-takes-hours-landmark",
    gates: LANDMARK_GATE,
    references: LANDMARK_REFERENCE,
    traffic: delayed(canaryAt(0.22), { badLasts: 3 * HOUR_MS }),
    mostCanarySessions: 3000,
  },
  {
    ...ONE,
    name: "trap-failing-takes-longer-short",
    traffic: delayed(canaryAt(0.22), { lasts: SHORT_MS, badLasts: 40 * MINUTE_MS }),
    mostCanarySessions: 3000,
  },
  {
    ...ONE,
    name: "trap-failing-takes-longer-short-landmark",
    gates: LANDMARK_GATE,
    references: SHORT_REFERENCE,
    traffic: delayed(canaryAt(0.22), { lasts: SHORT_MS, badLasts: 40 * MINUTE_MS }),
    mostCanarySessions: 3000,
  },
  // 6 % of sessions go to the canary where 5 % should.
  { ...ONE, name: "trap-sample-ratio", traffic: known(alike), routedShare: 0.06, mostCanarySessions: 1500 },
  {
    ...ONE,
    name: "cost-30-percent-more",
    gates: COST_GATE,
    references: COST_REFERENCE,
    traffic: costs("lognormal", 1.3),
  },
  { ...ONE, name: "turns-20-percent-slower", gates: P95_GATE, references: P95_REFERENCE, traffic: slowestTurns(1.2) },
  { ...ONE, name: "tools-called-again", gates: TOOLS_GATE, references: {}, traffic: toolCalls(0.3) },
];

/** One for each trap of `statistics.md` 2 that gates can fall into, and what the other kinds of gates find. */
export const TRAPS: readonly Scenario[] = [...WITHOUT_HARM, ...AT_MARGIN, GOOD_BY_LANDMARK, ...WITH_HARM];
