import { setTimeout } from "node:timers/promises";

const FIRST_MS = 50;

/** How long to wait before try `attempt` (1, 2, …): doubling up to a ceiling, spread so that gateways do not march in step. */
export function backoffMs(attempt: number, ceilingMs: number, random: number): number {
  return Math.min(ceilingMs, FIRST_MS * 2 ** Math.min(attempt - 1, 30)) * (0.5 + random / 2);
}

/** Resolves after the time, or at once when aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export const sleep: Sleep = async (ms, signal) => {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};
