/** Canary sessions from which a window's rate is worth comparing with an objective (`statistics.md` 3.9). */
export const MIN_WINDOW_SESSIONS = 20;

/** Clean windows in a row before a step may be left (`statistics.md` 3.9.2). */
export const CLEAN_WINDOWS_TO_PASS = 3;

/** `1 − 0.9` is a little below 0.1; a rate that is exactly the objective keeps it. */
const ROUNDING = 1e-12;

/** Merged windows of one gate in one step, and how many of the latest broke or kept the objective in a row. */
export type MergedWindows = {
  readonly open: { readonly openedAt: number; readonly sessions: number; readonly bad: number } | null;
  readonly broken: number;
  readonly clean: number;
};

export const NO_WINDOWS: MergedWindows = { open: null, broken: 0, clean: 0 };

/** What one block adds: the canary's sessions and the time they span. */
export type WindowPart = {
  readonly openedAt: number;
  readonly closedAt: number;
  readonly sessions: number;
  readonly bad: number;
};

/**
 * The windows after one more block. Blocks are merged until a window of time has passed and 20 canary sessions are in it;
 * then it is broken iff the canary's bad rate exceeds `largestBadRate`, else clean. Without an objective every window is clean.
 */
export function mergeWindow(
  windows: MergedWindows,
  part: WindowPart,
  { windowMs, largestBadRate }: { readonly windowMs: number; readonly largestBadRate: number | null },
): MergedWindows {
  const openedAt = windows.open?.openedAt ?? part.openedAt;
  const sessions = (windows.open?.sessions ?? 0) + part.sessions;
  const bad = (windows.open?.bad ?? 0) + part.bad;
  if (sessions < MIN_WINDOW_SESSIONS || part.closedAt - openedAt < windowMs) {
    return { ...windows, open: { openedAt, sessions, bad } };
  }
  const isBroken = largestBadRate !== null && bad / sessions > largestBadRate + ROUNDING;
  return isBroken
    ? { open: null, broken: windows.broken + 1, clean: 0 }
    : { open: null, broken: 0, clean: windows.clean + 1 };
}
