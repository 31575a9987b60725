import { COST_MEDIAN_USD, COST_SPREAD, MAIN_RATE, TURN_MEDIAN_MS, TURN_SPREAD } from "./gates.ts";
import { exponential, normal, type Random } from "./random.ts";
import { DAY_MS, MINUTE_MS, type Arriving, type Outcome, type Traffic } from "./scenario.ts";

/** Few and many: 5 and 20 canary sessions a window of five minutes at a weight of 5 %. */
export const [FEW, MANY] = [20, 80];

/** Sessions whose outcome is known at once, bad at a rate of their own. */
export function known(rateOf: (session: Arriving) => number, perMinute = FEW): Traffic {
  return {
    perMinute,
    outcome: (random, session) => ({ bad: random() < rateOf(session) ? 1 : 0, delayMs: 0 }),
    badRate: rateOf,
  };
}

/** The same, known only when they end: after 20 minutes or as said on average, and bad ones after so much more. */
export function delayed(
  rateOf: (session: Arriving) => number,
  {
    perMinute = FEW,
    lasts = 20 * MINUTE_MS,
    badLasts = 0,
  }: { readonly perMinute?: number; readonly lasts?: number; readonly badLasts?: number } = {},
): Traffic {
  return {
    perMinute,
    outcome: (random, session) => {
      const bad = random() < rateOf(session) ? 1 : 0;
      return { bad, delayMs: exponential(random, lasts) + bad * badLasts };
    },
  };
}

export const alike = (): number => MAIN_RATE;

export const canaryAt =
  (rate: number) =>
  ({ isCanary }: Arriving): number =>
    isCanary ? rate : MAIN_RATE;

/** Odds of a bad session, a margin's 1.568 times as large in the canary. */
export function atMargin({ isCanary }: Arriving, rate: number): number {
  const odds = (rate / (1 - rate)) * (isCanary ? (0.12 / 0.88) * (0.92 / 0.08) : 1);
  return odds / (1 + odds);
}

/** A day's cycle of the rate of bad sessions, in both arms alike. */
export function cycle(at: number, amplitude: number): number {
  return MAIN_RATE + amplitude * Math.sin((2 * Math.PI * at) / DAY_MS);
}

/**
 * Eight turns whose failures go together: three sessions in ten have a rate of their own, 0 or 1 (an intraclass
 * correlation of 0.3). The session is bad when its last turn is.
 */
export function correlatedTurns(random: Random): Outcome {
  const own = random() < 0.3 ? (random() < MAIN_RATE ? 1 : 0) : MAIN_RATE;
  let [bad, last] = [0, 0];
  for (let turn = 0; turn < TURNS; turn += 1) {
    last = random() < own ? 1 : 0;
    bad += last;
  }
  return { bad: last, delayMs: 0, measured: { turns: { all: TURNS, bad } } };
}
const TURNS = 8;

/**
 * The machine of decision 0011. The canary, with 5 % of the traffic, answers at once. The baseline has fallen behind: its
 * sessions take a minute and a half, and hand-overs, which end a conversation, get their turn all at once every 20 minutes.
 */
export function overloaded(random: Random, { isCanary, at }: Arriving): Outcome {
  const bad = random() < MAIN_RATE ? 1 : 0;
  if (isCanary) return { bad, delayMs: 600 };
  return { bad, delayMs: bad === 1 ? HAND_OVERS_MS - (at % HAND_OVERS_MS) : 90_000 };
}
const HAND_OVERS_MS = 20 * MINUTE_MS;

/** Costs in US dollars, `times` as dear in the canary: lognormal, or Pareto with a tail index of 2.2. */
export function costs(tail: "lognormal" | "pareto", times = 1): Traffic {
  return {
    perMinute: FEW,
    outcome: (random, { isCanary }) => {
      const value = tail === "lognormal" ? Math.exp(COST_SPREAD * normal(random)) : (1 - random()) ** (-1 / 2.2);
      return { bad: 0, delayMs: 0, measured: { costUsd: COST_MEDIAN_USD * value * (isCanary ? times : 1) } };
    },
  };
}

/** Slowest turns, `times` as slow in the canary. */
export function slowestTurns(times = 1): Traffic {
  return {
    perMinute: FEW,
    outcome: (random, { isCanary }) => {
      const slowestTurnMs = TURN_MEDIAN_MS * Math.exp(TURN_SPREAD * normal(random)) * (isCanary ? times : 1);
      return { bad: 0, delayMs: 0, measured: { slowestTurnMs } };
    },
  };
}

/** Tool calls of a support agent; a share of the canary's sessions looks things up once more before it answers. */
export function toolCalls(canaryLooksAgain = 0): Traffic {
  return {
    perMinute: FEW,
    outcome: (random, { isCanary }) => {
      const tools = ["verify_identity"];
      while (random() < 0.6 && tools.length < 9) tools.push(random() < 0.7 ? "search_orders" : "read_policy");
      if (isCanary && random() < canaryLooksAgain) tools.push("read_policy", "read_policy");
      tools.push(random() < 0.25 ? "refund" : "answer");
      return { bad: 0, delayMs: 0, measured: { tools } };
    },
  };
}
