import type { Claim, Leadership } from "@perch/domain";
import type { PostgresPool } from "./postgres-pool.ts";

const FOR = "clock_timestamp() + $2 * interval '1 millisecond'";

/** The leadership in a database of `openPostgres`, by its clock. */
export function createPostgresLeadership(pool: PostgresPool): Leadership {
  return {
    async take({ term, url }, forMs) {
      const [taken] = await pool.query(
        `UPDATE perch_leadership SET epoch = epoch + 1, term = $1, url = $3, held_until = ${FOR}
         WHERE term IS NULL OR held_until <= clock_timestamp() RETURNING epoch`,
        [term, forMs, url],
      );
      if (taken !== undefined) return { kind: "leading", epoch: Number(taken["epoch"]) };
      return await leaderOf(pool);
    },
    async keep(term, forMs) {
      const kept = await pool.query(`UPDATE perch_leadership SET held_until = ${FOR} WHERE term = $1 RETURNING epoch`, [
        term,
        forMs,
      ]);
      return kept.length > 0;
    },
    async giveUp(term) {
      await pool.query("UPDATE perch_leadership SET term = NULL WHERE term = $1", [term]);
    },
  };
}

async function leaderOf(pool: PostgresPool): Promise<Claim> {
  const [row] = await pool.query(
    `SELECT url, epoch, extract(epoch FROM held_until - clock_timestamp()) * 1000 AS remaining_ms FROM perch_leadership`,
  );
  const remainingMs = Math.max(0, Number(row?.["remaining_ms"] ?? 0));
  return { kind: "following", leader: { url: String(row?.["url"]), epoch: Number(row?.["epoch"]), remainingMs } };
}
