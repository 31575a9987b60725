import type { DatabaseSync } from "node:sqlite";
import type { GatewayId, TurnOutbox, TurnRecord } from "@perch/domain";
import { inTransaction } from "./open-database.ts";

/** Records of another process of this machine are left to it for so long; then it may be gone, and anybody sends them. */
const LEFT_TO_ITS_GATEWAY_MS = 30_000;

/** An outbox in a database of `openGatewayDatabase`, which stays open. */
export function createSqliteTurnOutbox(
  database: DatabaseSync,
  { gateway, now }: { gateway: GatewayId; now: () => number },
): TurnOutbox {
  const append = database.prepare(
    "INSERT INTO turn_outbox (id, gateway, appended_at, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
  );
  const oldest = database.prepare(
    "SELECT body FROM turn_outbox WHERE gateway = ? OR appended_at <= ? ORDER BY position LIMIT ?",
  );
  const settle = database.prepare("DELETE FROM turn_outbox WHERE id IN (SELECT value FROM json_each(?))");
  const bury = database.prepare(
    `INSERT INTO turn_buried (id, gateway, buried_at, reason, body)
     SELECT id, gateway, ?, ?, body FROM turn_outbox WHERE id = ? ON CONFLICT (id) DO NOTHING`,
  );
  const countPending = database.prepare("SELECT count(*) AS count FROM turn_outbox");
  const countBuried = database.prepare("SELECT count(*) AS count FROM turn_buried");
  return {
    append(turn) {
      append.run(turn.id, gateway, now(), JSON.stringify(turn));
    },
    oldest(limit) {
      return oldest.all(gateway, now() - LEFT_TO_ITS_GATEWAY_MS, limit).map((row) => parseTurn(row["body"]));
    },
    settle(ids) {
      settle.run(JSON.stringify(ids));
    },
    bury(id, reason) {
      inTransaction(database, () => {
        bury.run(now(), reason, id);
        settle.run(JSON.stringify([id]));
      });
    },
    countPending() {
      return Number(countPending.get()?.["count"] ?? 0);
    },
    countBuried() {
      return Number(countBuried.get()?.["count"] ?? 0);
    },
  };
}

/** Only `append` writes this column, from a whole record; the server checks it once more. */
function parseTurn(body: unknown): TurnRecord {
  return JSON.parse(String(body)) as TurnRecord;
}
