import { formatSessionKey, type OpenSession, type SessionKey, type Span, type TurnRecord } from "@perch/domain";
import { createSpanOwners } from "./span-owners.ts";

export type DueSession = SessionKey & {
  readonly endedBy: "signal" | "idle";
  /** How much had arrived for it when it was found due. */
  readonly arrivals: number;
};

type Entry = {
  readonly key: SessionKey;
  isEnded: boolean;
  /** When the conversation was last heard of, for the idle timeout. */
  activeAt: number;
  /** When anything at all arrived for it, late spans included. */
  heardAt: number;
  arrivals: number;
  readonly traceIds: Set<string>;
};

/**
 * The sessions that have begun and are not mature, in memory. All times are the server's own at arrival: a gateway's
 * clock that is wrong can neither hold a session open nor mature it early.
 */
export interface OpenSessions {
  readonly size: number;
  noteTurn(turn: TurnRecord, now: number): void;
  /** Spans of sessions that are not open are none of our business. */
  noteSpan(span: Span, now: number): void;
  /** After a restart: what was lost with the process may still arrive, so each waits a full lateness again. */
  restore(session: OpenSession, now: number): void;
  /** Quiet for the lateness, ended or idle, and judged as far as it has to be. Oldest first, at most `limit`. */
  due(now: number, limit: number): readonly DueSession[];
  /** Forgets a session, unless something arrived for it since it was found due. */
  forget(due: DueSession): void;
}

/** Read at every look: a rollout may ask for more. */
type Limits = {
  readonly latenessMs: number;
  readonly idleTimeoutMs: number;
  /** Whether a session that is otherwise due has to wait for its scores; none does unless said. */
  readonly awaitsScores?: (session: SessionKey) => boolean;
};

export function createOpenSessions(limits: Limits): OpenSessions {
  const entries = new Map<string, Entry>();
  const owners = createSpanOwners();

  function add(entry: Entry): void {
    entries.set(formatSessionKey(entry.key), entry);
    owners.add(entry.key);
  }

  return {
    get size() {
      return entries.size;
    },
    noteTurn(turn, now) {
      const key = formatSessionKey(turn);
      const entry = entries.get(key) ?? newEntry(turn, now);
      entry.activeAt = now;
      entry.heardAt = now;
      entry.arrivals += 1;
      entry.isEnded ||= turn.endsSession || turn.kind === "sessionEnd";
      entry.traceIds.add(turn.traceId);
      owners.addTrace(entry.key, turn.traceId);
      add(entry);
    },
    noteSpan(span, now) {
      if (span.attribution.arm === "shadow") return;
      for (const key of owners.ownersOf(span)) {
        const entry = entries.get(key);
        if (entry === undefined) continue;
        entry.heardAt = now;
        entry.arrivals += 1;
      }
    },
    restore(open, now) {
      if (entries.has(formatSessionKey(open))) return;
      const activeAt = Math.min(open.lastActivityAt, now);
      add({ ...newEntry(open, now), isEnded: open.isEnded, activeAt });
    },
    due: (now, limit) => dueOf(entries.values(), { now, limit, limits }),
    forget({ agent, session, arrivals }) {
      const key = formatSessionKey({ agent, session });
      const entry = entries.get(key);
      if (entry === undefined || entry.arrivals !== arrivals) return;
      entries.delete(key);
      owners.forget(entry.key, entry.traceIds);
    },
  };
}

function dueOf(
  entries: Iterable<Entry>,
  { now, limit, limits }: { now: number; limit: number; limits: Limits },
): readonly DueSession[] {
  // Read once: each asks all rollouts that ever were.
  const { latenessMs, idleTimeoutMs } = limits;
  const due: DueSession[] = [];
  for (const entry of entries) {
    if (due.length === limit) break;
    if (now - entry.heardAt < latenessMs) continue;
    const isIdle = now - entry.activeAt >= idleTimeoutMs;
    if (!entry.isEnded && !isIdle) continue;
    if (limits.awaitsScores?.(entry.key) === true) continue;
    due.push({ ...entry.key, endedBy: entry.isEnded ? "signal" : "idle", arrivals: entry.arrivals });
  }
  return due;
}

function newEntry({ agent, session }: SessionKey, now: number): Entry {
  return { key: { agent, session }, isEnded: false, activeAt: now, heardAt: now, arrivals: 0, traceIds: new Set() };
}
