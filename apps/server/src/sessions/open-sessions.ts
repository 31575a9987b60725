import type { OpenSession, SessionId, Span, TurnRecord } from "@perch/domain";

export type DueSession = {
  readonly session: SessionId;
  readonly endedBy: "signal" | "idle";
  /** How much had arrived for it when it was found due. */
  readonly arrivals: number;
};

type Entry = {
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
  /** Quiet for the lateness, and ended or idle. Oldest first, at most `limit`. */
  due(now: number, limit: number): readonly DueSession[];
  /** Forgets a session, unless something arrived for it since it was found due. */
  forget(due: DueSession): void;
}

export function createOpenSessions(limits: { latenessMs: number; idleTimeoutMs: number }): OpenSessions {
  const entries = new Map<SessionId, Entry>();
  const sessionOfTrace = new Map<string, SessionId>();

  return {
    get size() {
      return entries.size;
    },
    noteTurn(turn, now) {
      const entry = entries.get(turn.session) ?? newEntry(now);
      entry.activeAt = now;
      entry.heardAt = now;
      entry.arrivals += 1;
      entry.isEnded ||= turn.endsSession || turn.kind === "sessionEnd";
      entry.traceIds.add(turn.traceId);
      sessionOfTrace.set(turn.traceId, turn.session);
      entries.set(turn.session, entry);
    },
    noteSpan(span, now) {
      if (span.attribution.arm === "shadow") return;
      const session = sessionOfTrace.get(span.traceId) ?? span.attribution.session;
      const entry = session === null ? undefined : entries.get(session);
      if (entry === undefined) return;
      entry.heardAt = now;
      entry.arrivals += 1;
    },
    restore(open, now) {
      if (entries.has(open.session)) return;
      const activeAt = Math.min(open.lastActivityAt, now);
      entries.set(open.session, { ...newEntry(now), isEnded: open.isEnded, activeAt });
    },
    due(now, limit) {
      const due: DueSession[] = [];
      for (const [session, entry] of entries) {
        if (due.length === limit) break;
        if (now - entry.heardAt < limits.latenessMs) continue;
        const isIdle = now - entry.activeAt >= limits.idleTimeoutMs;
        if (!entry.isEnded && !isIdle) continue;
        due.push({ session, endedBy: entry.isEnded ? "signal" : "idle", arrivals: entry.arrivals });
      }
      return due;
    },
    forget({ session, arrivals }) {
      const entry = entries.get(session);
      if (entry === undefined || entry.arrivals !== arrivals) return;
      entries.delete(session);
      for (const traceId of entry.traceIds) sessionOfTrace.delete(traceId);
    },
  };
}

function newEntry(now: number): Entry {
  return { isEnded: false, activeAt: now, heardAt: now, arrivals: 0, traceIds: new Set() };
}
