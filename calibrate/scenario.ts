import type { GateReference, GateSpec, HarmBudgetRamp, RolloutStep } from "@perch/domain";
import type { Harm } from "./harm.ts";
import type { NaiveName } from "./naive.ts";
import type { Random } from "./random.ts";

export const MINUTE_MS = 60_000;
/** What gates are judged on. */
export const WINDOW_MS = 5 * MINUTE_MS;
/** How long a harm budget has to last for, and what the worst harm of a run is counted over. */
export const HORIZON_WINDOWS = 12;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** What was measured in a session besides good and bad; what lacks was not. */
export type Measured = {
  readonly costUsd?: number;
  readonly slowestTurnMs?: number;
  readonly tools?: readonly string[];
  /** Turns, and the bad ones among them: only a rule that counts turns looks at these. */
  readonly turns?: { readonly all: number; readonly bad: number };
};

/** One session's life: which gates it is bad for, by their index as bits, and how long it takes until that is known. */
export type Outcome = { readonly bad: number; readonly delayMs: number; readonly measured?: Measured };

export type Arriving = {
  readonly isCanary: boolean;
  /** Ms since the start of the rollout; below 0 before it. */
  readonly at: number;
  /** How many of its arm came before it. */
  readonly nthInArm: number;
  readonly weight: number;
};

/** Who comes when, and what becomes of them. */
export type Traffic = {
  /** Sessions a minute, both arms together. */
  readonly perMinute: number;
  readonly outcome: (random: Random, session: Arriving) => Outcome;
  /** How likely a session is to be bad for the first gate; lacking where a rate does not say it all. */
  readonly badRate?: (session: Arriving) => number;
};

/** When the engine looks: as soon as anything is known, or only when a window ends. */
export type Looks = "every-session" | "every-window";

export type Scenario = {
  readonly name: string;
  readonly gates: readonly GateSpec[];
  /** What each gate's baseline was like, from the agent's history; a gate that is not named freezes it on the way. */
  readonly references: Readonly<Record<string, GateReference>>;
  readonly steps: readonly RolloutStep[];
  /** Lacking: the steps are taken one after the other. */
  readonly ramp?: HarmBudgetRamp;
  readonly traffic: Traffic;
  readonly looks: Looks;
  /** Where a run ends undecided. */
  readonly mostCanarySessions: number;
  readonly mostMs: number;
  /** Rates that a Wald SPRT is told, to run on the same canary sessions; null for none. */
  readonly oracle: { readonly baseline: number; readonly canary: number } | null;
  /** The rule that this scenario misleads, on the same sessions. */
  readonly naive?: NaiveName;
  /** Baseline sessions come from this long before the start; only the naive rule looks at them. */
  readonly warmUpMs?: number;
  /** Once promoted it bakes, and so many sessions more are judged by what the gates promise. Lacking: the promotion is the end. */
  readonly sessionsAfterPromotion?: number;
  /** The share of sessions that really goes to the canary, where it is not the weight. */
  readonly routedShare?: number;
};

/** How one run ended. */
export type Run = {
  readonly end: "rolled back" | "promoted" | "undecided";
  readonly culprits: readonly string[];
  /** Canary sessions assigned by then; where a promotion bakes, those since it. */
  readonly exposed: number;
  readonly afterMs: number;
  /** What the canary did by then; null where the scenario does not say what the baseline would have done. */
  readonly harm: Harm | null;
  /** Canary sessions by the oracle's rejection, or the most of the scenario when it never rejects; null without one. */
  readonly oracle: number | null;
  /** Whether the naive rule ever acted; null without one. */
  readonly hasNaiveFired: boolean | null;
  /** Sessions of both arms by the alarm that they are not split as the weight says; null for no alarm. */
  readonly mismatchAfter: number | null;
};
