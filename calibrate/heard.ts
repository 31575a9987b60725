import type { SignsOfLife } from "@perch/domain";
import { HOUR_MS, MINUTE_MS } from "./scenario.ts";

/** Ends of sessions by arm, thinned out as the store does it; of long ago nobody asks. */
export type Heard = { note(arm: keyof SignsOfLife, at: number): void; signs(): SignsOfLife };

const KEPT_MS = 4 * HOUR_MS;

export function createHeard(): Heard {
  const signs: { readonly [Arm in keyof SignsOfLife]: number[] } = { baseline: [], canary: [] };
  return {
    note(arm, at) {
      const times = signs[arm];
      const last = times.at(-1);
      if (last !== undefined && Math.floor(last / MINUTE_MS) === Math.floor(at / MINUTE_MS)) times.pop();
      times.push(at);
      if (at - (times[0] ?? at) > KEPT_MS) times.shift();
    },
    signs: () => signs,
  };
}
