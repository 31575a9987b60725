import { deposedBy, parseGatewayId, type ServerState } from "@perch/domain";
import type { PostgresPool } from "./postgres-pool.ts";

/** The server's state in a database of `openPostgres`. */
export function createPostgresServerState(pool: PostgresPool): ServerState {
  return {
    async nextEpoch(above = 0, held) {
      // Whoever takes an epoch without holding one ends the term of whoever leads.
      const [row] = await pool.query(
        `UPDATE perch_leadership SET epoch = greatest(epoch, $1::bigint) + 1,
           term = CASE WHEN $2::bigint IS NULL THEN NULL ELSE term END
         WHERE $2::bigint IS NULL OR epoch = $2::bigint RETURNING epoch`,
        [above, held ?? null],
      );
      if (row !== undefined) return Number(row["epoch"]);
      const [newest] = await pool.query("SELECT epoch FROM perch_leadership");
      throw deposedBy(Number(newest?.["epoch"]), held ?? 0);
    },
    async knownGateways() {
      const rows = await pool.query('SELECT gateway, lease_ms FROM perch_known_gateway ORDER BY gateway COLLATE "C"');
      return rows.map((row) => ({
        gateway: parseGatewayId(String(row["gateway"])),
        leaseMs: Number(row["lease_ms"]),
      }));
    },
    async rememberGateway(gateway, leaseMs) {
      await pool.query(
        `INSERT INTO perch_known_gateway (gateway, lease_ms) VALUES ($1, $2)
         ON CONFLICT (gateway) DO UPDATE SET lease_ms = excluded.lease_ms`,
        [gateway, leaseMs],
      );
    },
    async forgetGateway(gateway) {
      await pool.query("DELETE FROM perch_known_gateway WHERE gateway = $1", [gateway]);
    },
  };
}
