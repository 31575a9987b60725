import type { TurnOutbox, TurnRecord } from "@perch/domain";

/** Kept only as long as the process lives. */
export function createMemoryTurnOutbox(): TurnOutbox {
  const pending = new Map<string, TurnRecord>();
  const buried = new Map<string, { turn: TurnRecord; reason: string }>();
  return {
    append(turn) {
      if (!pending.has(turn.id)) pending.set(turn.id, turn);
    },
    oldest(limit) {
      return [...pending.values()].slice(0, limit);
    },
    settle(ids) {
      for (const id of ids) pending.delete(id);
    },
    bury(id, reason) {
      const turn = pending.get(id);
      if (turn !== undefined) buried.set(id, { turn, reason });
      pending.delete(id);
    },
    countPending: () => pending.size,
    countBuried: () => buried.size,
  };
}
