import { MIGRATIONS } from "./migrations.ts";
import { PostgresError } from "./postgres-error.ts";
import { unusable, type PostgresPool } from "./postgres-pool.ts";

/** Any number that nobody else locks by. */
const LOCK = 7_072_633;

/** Brings the schema up to date, one server at a time. Throws `PostgresError`. */
export async function migrate(pool: PostgresPool): Promise<void> {
  await pool.withClient(async (client) => {
    try {
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
      await client.query("CREATE TABLE IF NOT EXISTS perch_schema (version integer NOT NULL)");
      const { rows } = await client.query<{ version: number }>("SELECT version FROM perch_schema");
      const version = rows[0]?.version ?? 0;
      refuseNewer(version, pool.shown);
      for (const migration of MIGRATIONS.slice(version)) await client.query(migration);
      await client.query("DELETE FROM perch_schema");
      await client.query("INSERT INTO perch_schema VALUES ($1)", [MIGRATIONS.length]);
      await client.query("COMMIT");
    } catch (cause) {
      throw unusable(pool.shown, cause);
    }
  });
}

/** For whoever only looks: changes nothing. Throws `PostgresError`, also where no server has ever been. */
export async function checkSchema(pool: PostgresPool): Promise<void> {
  const [known] = await pool.query("SELECT to_regclass('perch_schema') IS NOT NULL AS is_there");
  if (known?.["is_there"] !== true) {
    throw new PostgresError({
      code: "database_unusable",
      message: `found no tables of Perch in ${pool.shown}, expected those that a server has made`,
      hint: "name the database that the server was started with",
    });
  }
  const [row] = await pool.query("SELECT version FROM perch_schema");
  refuseNewer(Number(row?.["version"] ?? 0), pool.shown);
}

function refuseNewer(version: number, shown: string): void {
  if (version <= MIGRATIONS.length) return;
  throw new PostgresError({
    code: "database_too_new",
    message: `${shown} has schema version ${version}, expected at most ${MIGRATIONS.length}`,
    hint: "a newer Perch wrote it: run that version, or choose another database",
  });
}
