import { isFailedTurn, type AgentName, type Digest, type TurnCount, type TurnRecord } from "@perch/domain";

/** Turns by release as the gateways told them, of the last hour only; gone with the process. */
export interface TurnCounts {
  /** To be called before anything is stored: what watches the canary must not depend on a store. A repeat counts once. */
  note(turns: readonly TurnRecord[]): void;
  /** Turns that ended within the window, an hour at most. */
  within(of: { readonly agent: AgentName; readonly release: Digest }, windowMs: number): TurnCount;
}

/** By the second in which turns ended. */
type Seconds = Map<number, { turns: number; failed: number }>;

const NO_TURNS = { turns: 0, failed: 0 };
const KEPT_MS = 3_600_000;
/** Gateways send again what they could not deliver; so many ids are remembered to know it. */
const IDS_KEPT = 200_000;

export function createTurnCounts(now: () => number): TurnCounts {
  const releases = new Map<string, Seconds>();
  const seen = new Set<string>();

  function count(turn: TurnRecord): void {
    // A gateway whose clock is ahead has not seen the future.
    const endedAt = Math.min(now(), turn.startedAt + turn.durationMs);
    if (turn.kind !== "turn" || now() - endedAt > KEPT_MS || seen.has(turn.id)) return;
    remember(seen, turn.id);
    const seconds = secondsOf(turn, releases);
    const at = Math.floor(endedAt / 1000);
    const second = seconds.get(at) ?? { turns: 0, failed: 0 };
    second.turns += 1;
    if (isFailedTurn(turn)) second.failed += 1;
    seconds.set(at, second);
    forgetBefore(seconds, now() - KEPT_MS);
  }

  return {
    note: (turns) => turns.forEach(count),
    within(of, windowMs) {
      const seconds = secondsOf(of, releases);
      const sum = { turns: 0, failed: 0 };
      for (let at = Math.floor((now() - windowMs) / 1000) + 1; at <= now() / 1000; at += 1) {
        const { turns, failed } = seconds.get(at) ?? NO_TURNS;
        sum.turns += turns;
        sum.failed += failed;
      }
      return sum;
    },
  };
}

type Served = { readonly agent: AgentName; readonly release: Digest };

function secondsOf({ agent, release }: Served, releases: Map<string, Seconds>): Seconds {
  const key = `${agent} ${release}`;
  const seconds: Seconds = releases.get(key) ?? new Map();
  releases.set(key, seconds);
  return seconds;
}

/** The oldest go first. */
function remember(seen: Set<string>, id: string): void {
  seen.add(id);
  const [oldest] = seen.size > IDS_KEPT ? seen : [];
  if (oldest !== undefined) seen.delete(oldest);
}

/** Seconds come nearly in order; a straggler is forgotten a little later. */
function forgetBefore(seconds: Seconds, at: number): void {
  for (const second of seconds.keys()) {
    if (second * 1000 >= at) return;
    seconds.delete(second);
  }
}
