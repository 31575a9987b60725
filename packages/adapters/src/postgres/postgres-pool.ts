import { Pool, types, type PoolClient, type QueryResultRow } from "pg";
import type { PostgresAddress } from "./postgres-address.ts";
import { PostgresError } from "./postgres-error.ts";

export type PostgresPool = {
  /** For people. */
  readonly shown: string;
  /** Throws `PostgresError` `database_unusable`. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly QueryResultRow[]>;
  /** A connection of its own. One that `run` fails on is not used again. Throws `database_unusable` when there is none. */
  withClient<Result>(run: (client: PoolClient) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

const CONNECT_MS = 5000;
/** For one statement: a network that swallows everything must not hold a server up for ever. */
const STATEMENT_MS = 10_000;
/** A server that stops in the middle of a transaction must not hold up the one that takes its place. */
const IDLE_IN_TRANSACTION_MS = 3000;
const LOCK_MS = 5000;

const INT8 = types.builtins.INT8;

/** `onLost`: a connection that nobody was using has broken. The next use makes another. */
export function openPool({ url, password, shown }: PostgresAddress, onLost: (reason: string) => void): PostgresPool {
  const pool = new Pool({
    connectionString: withPassword(url, password),
    max: 5,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    lock_timeout: LOCK_MS,
    keepAlive: true,
    application_name: "perch",
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : types.getTypeParser(oid, format)) },
  });
  pool.on("error", (error) => onLost(error.message));
  return {
    shown,
    async query(sql, values = []) {
      try {
        return (await pool.query<QueryResultRow>(sql, [...values])).rows;
      } catch (cause) {
        throw unusable(shown, cause);
      }
    },
    async withClient(run) {
      const client = await pool.connect().catch((cause: unknown) => {
        throw unusable(shown, cause);
      });
      // Without a listener a connection that breaks between two statements would end the process.
      client.on("error", ignore);
      let failure: Error | undefined;
      try {
        return await run(client);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        throw error;
      } finally {
        client.off("error", ignore);
        client.release(failure);
      }
    },
    close: () => pool.end(),
  };
}

/** In the query: a URL of a directory of sockets has no other place for it. */
function withPassword(text: string, password: string | null): string {
  const url = new URL(text);
  if (password !== null) url.searchParams.set("password", password);
  return url.href;
}

/** The statement that was waiting for an answer says so. */
function ignore(): void {}

export function unusable(shown: string, cause: unknown): PostgresError {
  if (cause instanceof PostgresError) return cause;
  return new PostgresError({
    code: "database_unusable",
    message: `cannot use the database ${shown}: ${reasonOf(cause)}`,
    hint: hintOf(cause),
    cause,
  });
}

/** Several addresses of one name fail as one error without a message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join("; ");
  return cause instanceof Error ? cause.message : String(cause);
}

/** By SQLSTATE, the codes of PostgreSQL's manual, appendix A. */
function hintOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code.startsWith("28")) return "give the user in --database and its password in PGPASSWORD or a file";
  if (code === "3D000") return "create the database first: `createdb`";
  if (code === "42501") return "the user must be allowed to create tables in this database, or must own Perch's";
  if (code === "25006") return "this is a standby: name the server that takes writes";
  return "see that PostgreSQL runs and can be reached from here; Perch goes on by itself when it does";
}
