/** Keeps the entries that were written last, up to a number; the stalest goes first. Each belongs to a group. */
export type RecentMap<Entry> = {
  get(group: string, key: string): Entry | undefined;
  set(group: string, key: string, entry: Entry): void;
  delete(group: string, key: string): void;
  values(): Iterable<Entry>;
};

/**
 * `onEvict`: an entry that had to go to make room, from the group that has most. A map a group, and not one for all with the
 * group in its keys: such a key would have to be put together and hashed for every look.
 */
export function createRecentMap<Entry>(most: number, onEvict: (entry: Entry) => void): RecentMap<Entry> {
  const groups = new Map<string, Map<string, Entry>>();
  let size = 0;

  function entriesOf(group: string): Map<string, Entry> {
    const known = groups.get(group);
    if (known !== undefined) return known;
    const entries = new Map<string, Entry>();
    groups.set(group, entries);
    return entries;
  }

  function evict(): void {
    let largest: Map<string, Entry> | null = null;
    for (const entries of groups.values()) if (largest === null || entries.size > largest.size) largest = entries;
    const [stalest] = largest ?? [];
    if (stalest === undefined) return;
    largest?.delete(stalest[0]);
    size -= 1;
    onEvict(stalest[1]);
  }

  return {
    get: (group, key) => groups.get(group)?.get(key),
    set(group, key, entry) {
      const entries = entriesOf(group);
      // Taken out and put in again: the map's order is then the order of use, the stalest first.
      if (!entries.delete(key)) size += 1;
      entries.set(key, entry);
      if (size > most) evict();
    },
    delete(group, key) {
      if (groups.get(group)?.delete(key) === true) size -= 1;
    },
    *values() {
      for (const entries of groups.values()) yield* entries.values();
    },
  };
}
