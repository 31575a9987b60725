import type { ReleaseError } from "@perch/domain";

/** Failed: this time; another try may succeed. What no further try would change is thrown instead. */
export type Outcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly error: ReleaseError; readonly retryAfterMs: number | null };

export type PersistOptions = {
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 to 1, so that clients that failed together do not come back together. */
  readonly random: () => number;
};

/** Tries up to five times with growing pauses. Throws the last failure's error. */
export type Persist = <T>(work: (attempt: number) => Promise<Outcome<T>>) => Promise<T>;

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;
// A registry may ask for patience, but not for ever.
const LONGEST_WISH_MS = 30_000;

export function createPersist({ sleep, random }: PersistOptions): Persist {
  return async (work) => {
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await work(attempt);
      if (outcome.kind === "done") return outcome.value;
      if (attempt + 1 === ATTEMPTS) throw outcome.error;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + random() / 2);
      await sleep(Math.max(pauseMs, Math.min(outcome.retryAfterMs ?? 0, LONGEST_WISH_MS)));
    }
  };
}
