/** Recordings have no clocks: replay makes one up, starting at a fixed instant, and every record says that it did. */
export type SyntheticClock = { now(): number; set(epochMs: number): void };

const START = Date.UTC(2025, 0, 1);

export function createSyntheticClock(): SyntheticClock {
  let now = START;
  return {
    now: () => now,
    set(epochMs) {
      now = Math.max(now, epochMs);
    },
  };
}
