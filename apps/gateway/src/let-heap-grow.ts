import { setFlagsFromString } from "node:v8";

/** Of what is alive. */
const GROWS_BY_PERCENT = 100;

/**
 * Lets what outlives a minor collection double before everything is looked through. Left to itself V8 gives a heap that
 * hardly grows 8 MB, and begins to mark when its young generation might fill that: with some ten thousand pins in memory
 * every second, for 50 ms of the one core that also answers requests. Only what is allocated after the next collection counts.
 */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWS_BY_PERCENT}`);
}
