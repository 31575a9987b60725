import type { MoveRecord } from "./move.ts";
import type { ShadowTurn } from "./shadow-turn.ts";
import type { TurnRecord } from "./turn-record.ts";

/** What a gateway keeps and sends. */
export type GatewayRecord = TurnRecord | ShadowTurn | MoveRecord;

/** Records that are kept, sent and forgotten together. */
export type KeptTurns = {
  readonly id: number;
  /** How many records it has. */
  readonly count: number;
  /** The records as a JSON array in UTF-8, the way they are sent: what goes through here all day is only copied. */
  readonly json: Uint8Array;
};

/**
 * Records on their way to the server: what was appended is kept until it is settled or buried, also over the death
 * of the process. Synchronous, so that the last byte of an answer can wait for its record.
 */
export interface TurnOutbox {
  /** Keeps them as one batch: whole, or not at all when it throws. */
  append(turns: readonly GatewayRecord[]): void;
  /** The oldest batches this gateway should send now, of at least `limit` records if there are so many. They stay. */
  oldest(limit: number): readonly KeptTurns[];
  /** The server has them: forgets them. */
  settle(ids: readonly KeptTurns["id"][]): void;
  /** Puts each record of a batch into a batch of its own, as the newest: one of them is refused, and has to be found. */
  split(id: KeptTurns["id"]): void;
  /** The server will never take it: sets its records aside, with the reason, for a person. */
  bury(id: KeptTurns["id"], reason: string): void;
  /** Every record that is neither settled nor buried, whoever should send it. */
  countPending(): number;
  countBuried(): number;
}
