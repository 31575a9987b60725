/** Keeps a failing service from being asked, but for one try now and then. */
export type Breaker = {
  /** Whether it may be asked now; who asks has to say how it went. */
  lets(): boolean;
  succeeded(): void;
  failed(): void;
};

const FAILURES_IN_A_ROW = 5;
const REST_MS = 5000;

/** `tick`: milliseconds of a clock that never jumps. */
export function createBreaker(tick: () => number): Breaker {
  let failures = 0;
  let restsUntil = 0;
  return {
    lets() {
      if (failures < FAILURES_IN_A_ROW) return true;
      if (tick() < restsUntil) return false;
      // One try; everybody else waits for how it goes, or for another rest.
      restsUntil = tick() + REST_MS;
      return true;
    },
    succeeded() {
      failures = 0;
    },
    failed() {
      failures += 1;
      restsUntil = tick() + REST_MS;
    },
  };
}
