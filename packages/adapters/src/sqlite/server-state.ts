import type { DatabaseSync } from "node:sqlite";
import { deposedBy, parseGatewayId, type GatewayId, type ServerState } from "@perch/domain";
import { inTransaction } from "./open-database.ts";

/** The server's state in a database of `openServerDatabase`, which stays open. */
export function createSqliteServerState(database: DatabaseSync): ServerState {
  const newestEpoch = database.prepare("SELECT epoch FROM leadership");
  const nextEpoch = database.prepare(
    `INSERT INTO leadership (only_row, epoch) VALUES (1, :above + 1)
     ON CONFLICT (only_row) DO UPDATE SET epoch = max(epoch, :above) + 1 RETURNING epoch`,
  );
  const known = database.prepare("SELECT gateway, lease_ms FROM known_gateway ORDER BY gateway");
  const remember = database.prepare(
    `INSERT INTO known_gateway (gateway, lease_ms) VALUES (?, ?)
     ON CONFLICT (gateway) DO UPDATE SET lease_ms = excluded.lease_ms`,
  );
  const forget = database.prepare("DELETE FROM known_gateway WHERE gateway = ?");
  return {
    async nextEpoch(above = 0, held) {
      return inTransaction(database, () => {
        const newest = Number(newestEpoch.get()?.["epoch"] ?? 0);
        if (held !== undefined && held !== newest) throw deposedBy(newest, held);
        return Number(nextEpoch.get({ above })?.["epoch"]);
      });
    },
    async knownGateways() {
      return known.all().map((row) => ({
        gateway: parseGatewayId(String(row["gateway"])),
        leaseMs: Number(row["lease_ms"]),
      }));
    },
    async rememberGateway(gateway: GatewayId, leaseMs: number) {
      remember.run(gateway, leaseMs);
    },
    async forgetGateway(gateway: GatewayId) {
      forget.run(gateway);
    },
  };
}
