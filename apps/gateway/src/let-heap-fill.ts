import { setFlagsFromString } from "node:v8";

/** In percent of the room that V8 gives the heap after each major collection: marking begins, soon and at once. */
const MARKS_AT = 80;
const MARKS_AT_ONCE_AT = 95;

/**
 * Lets the heap fill its room before it is looked through. V8 gives one that hardly grows 8 MB and as much as its young
 * generation has, and begins to mark when what is left would not hold the young generation: at once. With some ten
 * thousand pins in memory it marked every second, for 50 ms of the one core that also answers requests.
 */
export function letHeapFill(): void {
  setFlagsFromString(`--incremental-marking-soft-trigger=${MARKS_AT}`);
  setFlagsFromString(`--incremental-marking-hard-trigger=${MARKS_AT_ONCE_AT}`);
}
