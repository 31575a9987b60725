// What was said so far, by session. Kept in memory, and bounded in number, length and age.
const MAX_SESSIONS = 20_000;
const MAX_TURNS = 20;
const IDLE_MS = 30 * 60_000;

const NOTHING_SAID = { turns: [], escalated: false };

export function createConversations(now = Date.now) {
  // In order of last use: a map keeps the order of insertion, and every turn moves its session to the end.
  const kept = new Map();
  const inProgress = new Set();

  function dropStale() {
    for (const [session, { usedAt }] of kept) {
      if (kept.size <= MAX_SESSIONS && now() - usedAt < IDLE_MS) return;
      kept.delete(session);
    }
  }

  return {
    /** False while the session's last message is still being answered; true reserves it until `release`. */
    reserve(session) {
      if (inProgress.has(session)) return false;
      inProgress.add(session);
      return true;
    },
    release: (session) => inProgress.delete(session),
    read(session) {
      const found = kept.get(session);
      return found !== undefined && now() - found.usedAt < IDLE_MS ? found : NOTHING_SAID;
    },
    append(session, turn, escalated) {
      const turns = [...this.read(session).turns, turn].slice(-MAX_TURNS);
      kept.delete(session);
      kept.set(session, { turns, escalated, usedAt: now() });
      dropStale();
    },
    end: (session) => kept.delete(session),
  };
}
