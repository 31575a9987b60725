import type { DatabaseSync } from "node:sqlite";
import { timesMoved, type PinStore } from "@perch/domain";
import { inTransaction } from "./open-database.ts";
import { parsePinRow, PIN_COLUMNS, pinValues, WRITTEN_ONCE } from "./pin-row.ts";

const MARK = `
  INSERT INTO turn_mark (agent, session, turn, expires_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (agent, session, turn) DO UPDATE SET expires_at = excluded.expires_at`;
const COUNT_OTHERS = `
  SELECT count(*) AS others FROM turn_mark WHERE agent = ? AND session = ? AND turn <> ? AND expires_at > ?`;
const UNMARK = "DELETE FROM turn_mark WHERE agent = ? AND session = ? AND turn = ?";
const END_TURN = "UPDATE pin SET turn_ended_at = ? WHERE agent = ? AND session = ?";
const HELD = `
  SELECT ${PIN_COLUMNS.join(", ")}, turn_ended_at FROM pin WHERE agent = ? AND session = ? AND expires_at > ?`;
const SET = `
  UPDATE pin SET ${WRITTEN_ONCE.map((name, index) => `${name} = ?${index + 3}`).join(", ")},
    expires_at = ?${PIN_COLUMNS.length + 1}
  WHERE agent = ?1 AND session = ?2`;

/** What a move needs. Each is one transaction: other processes see all of it or nothing. */
export function createSessionMoves(
  database: DatabaseSync,
  now: () => number,
): Pick<PinStore, "mark" | "unmark" | "move"> {
  const mark = database.prepare(MARK);
  const countOthers = database.prepare(COUNT_OTHERS);
  const unmark = database.prepare(UNMARK);
  const endTurn = database.prepare(END_TURN);
  const held = database.prepare(HELD);
  const set = database.prepare(SET);
  return {
    async mark({ agent, session, turn }, markMs) {
      return inTransaction(database, () => {
        const at = now();
        mark.run(agent, session, turn, at + markMs);
        const row = held.get(agent, session, at);
        const endedAt = row?.["turn_ended_at"] ?? null;
        return {
          pin: row === undefined ? null : parsePinRow(row),
          others: Number(countOthers.get(agent, session, turn, at)?.["others"] ?? 0),
          quietMs: endedAt === null ? null : Math.max(0, at - Number(endedAt)),
        };
      });
    },
    async unmark({ agent, session, turn }) {
      inTransaction(database, () => {
        if (unmark.run(agent, session, turn).changes > 0) endTurn.run(now(), agent, session);
      });
    },
    async move({ from, pin, turn }, ttlMs) {
      return inTransaction(database, () => {
        const at = now();
        const { agent, session } = pin;
        const row = held.get(agent, session, at);
        const before = row === undefined ? null : parsePinRow(row);
        if (before === null || before.release !== from || timesMoved(before) + 1 !== timesMoved(pin)) {
          return { kind: "elsewhere", pin: before };
        }
        const others = Number(countOthers.get(agent, session, turn ?? "", at)?.["others"] ?? 0);
        if (others > 0) return { kind: "busy" };
        set.run(...pinValues(pin), at + ttlMs);
        if (turn !== null && unmark.run(agent, session, turn).changes > 0) endTurn.run(at, agent, session);
        return { kind: "moved", pin };
      });
    },
  };
}
