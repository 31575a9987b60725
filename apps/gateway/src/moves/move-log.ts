import { reasonOf, type Log } from "@perch/adapters/json-log";
import { moveRecordOf, type Pin, type TurnOutbox } from "@perch/domain";
import { createRecentMap } from "../pins/recent-map.ts";

/**
 * Keeps the record of every move that this gateway made or met. Whoever serves a moved session has its record first, under
 * the same id: whichever gateway dies in between, a session that met two releases met them on record.
 */
export type MoveLog = { note(pin: Pin): void };

const REMEMBERED = 100_000;

export function createMoveLog({ outbox, log }: { outbox: Pick<TurnOutbox, "append">; log: Log }): MoveLog {
  const kept = createRecentMap<string>(REMEMBERED, () => {});
  return {
    note(pin) {
      const record = moveRecordOf(pin);
      if (record === null || kept.get(record.agent, record.id) !== undefined) return;
      try {
        outbox.append([record]);
        kept.set(record.agent, record.id, record.id);
      } catch (error) {
        // The user's answer must not fail with the disk; the session's next turn tries again.
        log.error("the record of a move is not kept yet: the outbox cannot be written", {
          session: record.session,
          move: record.move,
          reason: reasonOf(error),
          hint: "free disk space in the gateway's data directory",
        });
      }
    },
  };
}
