import { isFailedTurn, type Digest, type TurnOutbox, type TurnRecord } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";

export type TurnCount = { readonly turns: number; readonly failed: number };

/** Keeps the record of every turn, and counts them by release since the start. */
export type TurnRecorder = {
  record(turn: TurnRecord): void;
  counts(): ReadonlyMap<Digest, TurnCount>;
};

export function createTurnRecorder(outbox: TurnOutbox, log: Log): TurnRecorder {
  const counts = new Map<Digest, { turns: number; failed: number }>();
  return {
    record(turn) {
      const count = counts.get(turn.release) ?? { turns: 0, failed: 0 };
      if (turn.kind === "turn") count.turns += 1;
      if (isFailedTurn(turn)) count.failed += 1;
      counts.set(turn.release, count);
      try {
        outbox.append(turn);
      } catch (error) {
        // The user's answer must not fail with the disk.
        log.error("a turn record is lost: the outbox cannot be written", {
          turn: turn.id,
          session: turn.session,
          release: turn.release,
          reason: reasonOf(error),
          hint: "free disk space in the gateway's data directory",
        });
      }
    },
    counts: () => counts,
  };
}
