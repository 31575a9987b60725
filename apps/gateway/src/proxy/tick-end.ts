/** What has something to hand over. */
export type Flushable = { flush(): unknown };

/**
 * Hands over, in one go, what was gathered while everything that came in at the same moment was looked at. Many writes in a
 * row cost less than the same ones spread out: whoever reads them is woken once, not for each.
 */
export type TickEnd = {
  add(flushable: Flushable): void;
  /** Now, instead of a moment later. */
  flush(): void;
};

/** `afterThisTick` runs something when all that has just happened in the event loop is done. */
export function createTickEnd(afterThisTick: (run: () => void) => void): TickEnd {
  let gathered: Flushable[] = [];

  function flushAll(): void {
    const ready = gathered;
    gathered = [];
    for (const one of ready) one.flush();
  }

  return {
    add(flushable) {
      if (gathered.length === 0) afterThisTick(flushAll);
      gathered.push(flushable);
    },
    flush: flushAll,
  };
}
