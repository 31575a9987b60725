export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets so many pieces of work run at the same time; others wait, first come, first served. */
export function createTurns(most: number): Turns {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // Whoever waits takes over the place of the one that is done.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
