/** Somebody who waits, and what becomes of it when that was too long. */
export type Waiting = { exhausted(): void };

/** One length of waiting for many: a timer for each of them would cost more than the waiting does. */
export type Patience = {
  begin(waiting: Waiting): void;
  end(waiting: Waiting): void;
};

export type PatienceDeps = { readonly limitMs: number; readonly tick: () => number };

export function createPatience({ limitMs, tick }: PatienceDeps): Patience {
  // All wait equally long, so the order in which they began is the one in which they are exhausted.
  const deadlines = new Map<Waiting, number>();
  let isWatched = false;

  function watch(): void {
    const [next] = deadlines.values();
    isWatched = next !== undefined;
    if (next !== undefined) setTimeout(look, Math.max(1, next - tick())).unref();
  }

  function look(): void {
    const now = tick();
    for (const [waiting, deadline] of deadlines) {
      if (deadline > now) break;
      deadlines.delete(waiting);
      waiting.exhausted();
    }
    watch();
  }

  return {
    begin(waiting) {
      deadlines.set(waiting, tick() + limitMs);
      if (!isWatched) watch();
    },
    end: (waiting) => void deadlines.delete(waiting),
  };
}
