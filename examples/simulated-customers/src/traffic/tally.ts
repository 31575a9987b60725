import type { SessionResult } from "../customer/run-session.ts";

/** What the customers saw so far; one JSON line a second, and the last one with `done`. */
export type Report = {
  readonly at: string;
  readonly started: number;
  readonly finished: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Sessions finished a second: over the last second in a progress line, over the whole run in the last line. */
  readonly ratePerSecond: number;
  /** Sessions that were answered by more than one release; pinning means that there are none. */
  readonly switchedSessions: number;
  readonly turns: number;
  readonly retries: number;
  /** By the first release that answered. */
  readonly sessionsByVersion: Readonly<Record<string, number>>;
  readonly escalatedByVersion: Readonly<Record<string, number>>;
};

export interface Tally {
  start(): void;
  add(result: SessionResult): void;
  inFlight(): number;
  report(scope: "sinceLastReport" | "wholeRun"): Report;
}

export function createTally(now: () => number): Tally {
  const startedAt = now();
  const sessionsByVersion = new Map<string, number>();
  const escalatedByVersion = new Map<string, number>();
  const counts = { started: 0, finished: 0, failed: 0, switchedSessions: 0, turns: 0, retries: 0 };
  let previous = { at: startedAt, finished: 0 };
  return {
    start: () => void (counts.started += 1),
    add(result) {
      if (result.kind !== "open") counts[result.kind] += 1;
      counts.turns += result.turns;
      counts.retries += result.retries;
      if (result.versions.length > 1) counts.switchedSessions += 1;
      const [version] = result.versions;
      if (version === undefined) return;
      sessionsByVersion.set(version, (sessionsByVersion.get(version) ?? 0) + 1);
      if (result.isEscalated) escalatedByVersion.set(version, (escalatedByVersion.get(version) ?? 0) + 1);
    },
    inFlight: () => counts.started - counts.finished - counts.failed,
    report(scope) {
      const at = now();
      const since = scope === "wholeRun" ? { at: startedAt, finished: 0 } : previous;
      const seconds = Math.max(0.001, (at - since.at) / 1000);
      previous = { at, finished: counts.finished };
      return {
        at: new Date(at).toISOString(),
        ...counts,
        inFlight: this.inFlight(),
        ratePerSecond: Math.round(((counts.finished - since.finished) / seconds) * 10) / 10,
        sessionsByVersion: Object.fromEntries(sessionsByVersion),
        escalatedByVersion: Object.fromEntries(escalatedByVersion),
      };
    },
  };
}
