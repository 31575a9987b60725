import type { Block } from "./block.ts";

/** How many sessions of both arms began in a step, and the time they began in. */
export type Pace = { readonly openedAt: number; readonly closedAt: number; readonly sessions: number };

/** By step, after one more block. Sessions that never matured began all the same. */
export function observePace(pace: Readonly<Record<number, Pace>>, block: Block): Readonly<Record<number, Pace>> {
  const before = pace[block.step];
  return {
    ...pace,
    [block.step]: {
      openedAt: Math.min(before?.openedAt ?? block.openedAt, block.openedAt),
      closedAt: Math.max(before?.closedAt ?? block.closedAt, block.closedAt),
      sessions: (before?.sessions ?? 0) + block.baselineSessions + block.canarySessions + block.unresolved,
    },
  };
}

/** Sessions of both arms in a window, as measured in this step; null before one whole window of it has been seen. */
export function sessionsPerWindow(pace: Pace | undefined, windowMs: number): number | null {
  if (pace === undefined || pace.closedAt - pace.openedAt < windowMs) return null;
  return (pace.sessions * windowMs) / (pace.closedAt - pace.openedAt);
}
