import type { Alias, Pin, PinStore } from "@perch/domain";
import { isLive, type Known, type KnownPins } from "./known-pins.ts";

export type Backlog = {
  /** The store has failed: from now on there may be something to write. */
  begin(): void;
  /** Writes what has to be written, as long as the store takes it. */
  work(): Promise<void>;
  /** How much is not written. */
  size(): number;
  /** Counts a pin that was decided here otherwise than by whoever was first. */
  compare(mine: Pin, winner: Pin): void;
  conflicts(): number;
};

export type BacklogDeps = {
  readonly store: PinStore;
  readonly now: () => number;
  readonly mayForget: boolean;
  readonly slack: number;
};

const WRITTEN_AT_ONCE = 200;

/** What the store has to be told when it is back. There is no list of it: it is what is known and not written. */
export function createBacklog(deps: BacklogDeps, known: KnownPins): Backlog {
  let isOpen = false;
  let working: Promise<void> | null = null;
  let conflicts = 0;
  const compare = (mine: Pin, winner: Pin): void => {
    if (mine.release !== winner.release) conflicts += 1;
  };

  async function work(): Promise<void> {
    const [probe] = writesOf({ deps, known, compare }, deps.mayForget);
    try {
      await probe?.();
      // Listed only now: a store that is still away is asked once, and nothing is walked through.
      const writes = [...writesOf({ deps, known, compare }, deps.mayForget)];
      while (writes.length > 0) await Promise.all(writes.splice(0, WRITTEN_AT_ONCE).map((write) => write()));
      isOpen = false;
    } catch {
      // Still away. Each request counts its own fault; this is only another try.
    }
  }

  return {
    begin: () => void (isOpen = true),
    async work() {
      if (!isOpen && working === null) return;
      working ??= work().finally(() => (working = null));
      await working;
    },
    size: () => (isOpen ? [...writesOf({ deps, known, compare }, false)].length : 0),
    compare,
    conflicts: () => conflicts,
  };
}

type Writing = { readonly deps: BacklogDeps; readonly known: KnownPins; readonly compare: Backlog["compare"] };

function* writesOf(writing: Writing, isAll: boolean): Iterable<() => Promise<void>> {
  const { deps, known } = writing;
  const isDue = (entry: Known<unknown>): boolean => (isAll || !entry.isWritten) && isLive(entry, deps.now());
  for (const entry of known.pins()) if (isDue(entry)) yield () => writePin(writing, entry);
  for (const entry of known.aliases()) if (isDue(entry)) yield () => writeAlias(writing, entry);
}

async function writePin({ deps, known, compare }: Writing, entry: Known<Pin>): Promise<void> {
  const { value, expiresAt, isWritten } = entry;
  const left = expiresAt - deps.now();
  // What the store knew once it may have changed since; only what it never knew is for it to compare.
  const isClaimed = isWritten && value.moved === null;
  const winner = await (isClaimed ? deps.store.claim(value, left) : deps.store.merge(value, left));
  compare(value, winner);
  // Meanwhile a request may have done the same.
  if (known.pin(value.agent, value.session) === entry) {
    known.rememberPin(winner, { ttlMs: left / (1 + deps.slack), isWritten: true, isFresh: true });
  }
}

async function writeAlias({ deps, known }: Writing, entry: Known<Alias>): Promise<void> {
  const { value, expiresAt } = entry;
  const left = expiresAt - deps.now();
  await deps.store.alias(value, left);
  if (known.alias(value.agent, value.alias) === entry) {
    known.rememberAlias(value, { ttlMs: left / (1 + deps.slack), isWritten: true, isFresh: true });
  }
}
