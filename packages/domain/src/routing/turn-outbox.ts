import type { TurnRecord } from "./turn-record.ts";

/**
 * Turn records on their way to the server: what was appended is kept until it is settled or buried, also over the death
 * of the process. Synchronous, so that the last byte of an answer can wait for its record.
 */
export interface TurnOutbox {
  /** An id that is already kept is not kept twice. */
  append(turn: TurnRecord): void;
  /** The oldest records this gateway should send now. They stay until they are settled or buried. */
  oldest(limit: number): readonly TurnRecord[];
  /** The server has them: forgets them. */
  settle(ids: readonly string[]): void;
  /** The server will never take it: sets it aside, with the reason, for a person. */
  bury(id: string, reason: string): void;
  /** Every record that is neither settled nor buried, whoever should send it. */
  countPending(): number;
  countBuried(): number;
}
