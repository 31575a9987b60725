import { retryDelayMs } from "./retry-delay.ts";

type Attempt = { made: number; nextAt: number; underWay: Promise<void> | null };

/** Calls that are made again and again until nothing asks for them any more, each later than the one before. */
export interface Attempts {
  /** Makes the call, unless it is under way or its time has not come. `count`: of attempts, this one included. */
  begin(id: string, make: (count: number) => Promise<void>): void;
  /** Forgets what is not under way and no longer due. */
  forget(isDue: (id: string) => boolean): void;
  underWay(): readonly Promise<void>[];
}

/** `onEnded`: after each attempt, when it is not under way any more. */
export function createAttempts(now: () => number, onEnded: () => void = () => undefined): Attempts {
  const attempts = new Map<string, Attempt>();

  async function attempt(id: string, one: Attempt, make: (count: number) => Promise<void>): Promise<void> {
    await make(one.made + 1);
    one.made += 1;
    const spread = Number.parseInt(id.slice(-4), 16) / 0xffff;
    one.nextAt = now() + retryDelayMs(one.made, { isWaitedFor: true, spread });
  }

  return {
    begin(id, make) {
      const one = attempts.get(id) ?? { made: 0, nextAt: 0, underWay: null };
      attempts.set(id, one);
      if (one.underWay !== null || now() < one.nextAt) return;
      one.underWay = attempt(id, one, make).finally(() => {
        one.underWay = null;
        onEnded();
      });
    },
    forget(isDue) {
      for (const [id, { underWay }] of attempts) if (underWay === null && !isDue(id)) attempts.delete(id);
    },
    underWay: () => [...attempts.values()].flatMap(({ underWay }) => underWay ?? []),
  };
}
