import type { ModelMessage } from "ai";

export type Turn = readonly ModelMessage[];

export type Conversation = { readonly turns: readonly Turn[]; readonly isEscalated: boolean };

/** What was said so far, by session. Kept in memory: bounded in number, length and age. */
export interface Conversations {
  /** False when the session has a turn in progress already; true reserves it until `release`. */
  reserve(sessionId: string): boolean;
  release(sessionId: string): void;
  read(sessionId: string): Conversation;
  append(sessionId: string, turn: Turn, isEscalated: boolean): void;
  end(sessionId: string): void;
}

export type ConversationLimits = {
  readonly maxSessions: number;
  readonly maxTurns: number;
  readonly idleMs: number;
  readonly now: () => number;
};

type Kept = Conversation & { readonly usedAt: number };

const EMPTY: Conversation = { turns: [], isEscalated: false };

export function createConversations({ maxSessions, maxTurns, idleMs, now }: ConversationLimits): Conversations {
  // In order of last use: a map keeps insertion order, and every write moves its session to the end.
  const kept = new Map<string, Kept>();
  const inProgress = new Set<string>();
  const dropStale = () => {
    for (const [sessionId, { usedAt }] of kept) {
      if (kept.size <= maxSessions && now() - usedAt < idleMs) return;
      kept.delete(sessionId);
    }
  };
  return {
    reserve(sessionId) {
      if (inProgress.has(sessionId)) return false;
      inProgress.add(sessionId);
      return true;
    },
    release: (sessionId) => void inProgress.delete(sessionId),
    read(sessionId) {
      const found = kept.get(sessionId);
      return found && now() - found.usedAt < idleMs ? found : EMPTY;
    },
    append(sessionId, turn, isEscalated) {
      const before = this.read(sessionId);
      kept.delete(sessionId);
      kept.set(sessionId, { turns: [...before.turns, turn].slice(-maxTurns), isEscalated, usedAt: now() });
      dropStale();
    },
    end: (sessionId) => void kept.delete(sessionId),
  };
}
