import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Lets those who have much to do go on one after the other, one in each turn of the event loop: timers and other requests, a
 * rollback among them, then wait for a bit of one of them and never for all.
 */
export function createTurns(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => (last = last.then(() => nextTurn()));
}
