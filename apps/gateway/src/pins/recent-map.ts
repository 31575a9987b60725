/** Keeps the entries that were written last, up to a number; the stalest goes first. */
export type RecentMap<Entry> = {
  get(key: string): Entry | undefined;
  set(key: string, entry: Entry): void;
  delete(key: string): void;
  values(): Iterable<Entry>;
};

/** `onEvict`: an entry that had to go to make room. */
export function createRecentMap<Entry>(most: number, onEvict: (entry: Entry) => void): RecentMap<Entry> {
  const entries = new Map<string, Entry>();
  return {
    get: (key) => entries.get(key),
    set(key, entry) {
      // Taken out and put in again: the map's order is then the order of use, the stalest first.
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size <= most) return;
      const [stalest] = entries;
      if (stalest === undefined) return;
      entries.delete(stalest[0]);
      onEvict(stalest[1]);
    },
    delete: (key) => void entries.delete(key),
    values: () => entries.values(),
  };
}
