import type { KeptTurns, TurnOutbox, TurnRecord } from "@perch/domain";

/** Kept only as long as the process lives. */
export function createMemoryTurnOutbox(): TurnOutbox {
  const pending = new Map<KeptTurns["id"], readonly TurnRecord[]>();
  let lastId = 0;
  let buried = 0;

  function append(turns: readonly TurnRecord[]): void {
    lastId += 1;
    pending.set(lastId, turns);
  }

  return {
    append,
    oldest(limit) {
      const batches: KeptTurns[] = [];
      let records = 0;
      for (const [id, turns] of pending) {
        if (records >= limit) break;
        batches.push({ id, count: turns.length, json: Buffer.from(JSON.stringify(turns)) });
        records += turns.length;
      }
      return batches;
    },
    settle(ids) {
      for (const id of ids) pending.delete(id);
    },
    split(id) {
      const turns = pending.get(id) ?? [];
      pending.delete(id);
      for (const turn of turns) append([turn]);
    },
    bury(id) {
      buried += pending.get(id)?.length ?? 0;
      pending.delete(id);
    },
    countPending: () => [...pending.values()].reduce((count, turns) => count + turns.length, 0),
    countBuried: () => buried,
  };
}
