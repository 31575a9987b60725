import type { Pin, PinStore } from "@perch/domain";

export type CachedPinStoreDeps = {
  readonly store: PinStore;
  readonly now: () => number;
  readonly maxEntries: number;
  /** The part of a pin's time for which it is answered from memory; the store keeps it that much longer. */
  readonly slack: number;
  /** The store could not answer; the session was placed without it. */
  readonly onFault: (error: unknown) => void;
};

type Entry = { pin: Pin; freshUntil: number; expiresAt: number };

/**
 * The same promises, with fewer writes: renewing at every request would be a write a request. Instead a pin lives longer in
 * the store by the time that it may be answered from memory, so it never ends before `ttlMs` of silence. While the store
 * fails, sessions go where they belong anyway (assignment is deterministic) and are claimed again at their next request.
 */
export function createCachedPinStore(deps: CachedPinStoreDeps): PinStore {
  const { store, now, maxEntries, slack, onFault } = deps;
  const entries = new Map<string, Entry>();

  function remember(key: string, entry: Entry): void {
    // Taken out and put in again: the map's order is then the order of use, the stalest first.
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size <= maxEntries) return;
    const [stalest] = entries.keys();
    if (stalest !== undefined) entries.delete(stalest);
  }

  return {
    ...store,
    async claim(pin, ttlMs) {
      const key = `${pin.agent} ${pin.session}`;
      const at = now();
      const entry = entries.get(key);
      if (entry !== undefined && at < entry.freshUntil) return entry.pin;
      const held = entry !== undefined && at < entry.expiresAt ? entry.pin : pin;
      const slackMs = ttlMs * slack;
      try {
        const winner = await store.claim(held, ttlMs + slackMs);
        remember(key, { pin: winner, freshUntil: at + slackMs, expiresAt: at + ttlMs + slackMs });
        return winner;
      } catch (error) {
        onFault(error);
        remember(key, { pin: held, freshUntil: at, expiresAt: at + ttlMs });
        return held;
      }
    },
  };
}
