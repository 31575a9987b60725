import { setTimeout as sleep } from "node:timers/promises";

/** Time and chance, which tests replace. */
export type Timing = {
  readonly pause: (ms: number) => Promise<void>;
  /** From 0 up to, but not, 1. */
  readonly random: () => number;
  readonly now: () => number;
};

export const REAL_TIMING: Timing = { pause: (ms) => sleep(ms), random: Math.random, now: () => performance.now() };
