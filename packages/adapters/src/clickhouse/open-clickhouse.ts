import { TelemetryError } from "@perch/domain";
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from "@clickhouse/client";
import { migrate } from "./migrate.ts";
import { closeAll, openStore, type OpenTraceStore } from "./open-store.ts";
import { retain, type Retention } from "./retention.ts";

export type ClickHouseServer = {
  /** `http://HOST:8123` or `https://…`, without credentials. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Made if missing. One Perch server at a time may write to it. */
  readonly database: string;
  /** What is there stays as it is unless given. */
  readonly retention?: Retention;
};

/** Statements of migrations may take long over a large database. */
const REQUEST_TIMEOUT_MS = 600_000;

/**
 * A database of a ClickHouse server. Throws `TelemetryError` `store_unreachable` when it does not answer or does not let us in,
 * `store_newer`, `store_failed`.
 */
export async function openClickHouseTraceStore(server: ClickHouseServer): Promise<OpenTraceStore> {
  const clients: ClickHouseClient[] = [];
  try {
    await makeDatabase(server);
    const connected = () => {
      const client = connect(server, server.database);
      clients.push(client);
      return client;
    };
    const [inserts, reads, pages] = [connected(), connected(), connected()];
    await migrate(inserts);
    if (server.retention !== undefined) await retain(inserts, server.retention);
    return openStore({ inserts, reads, pages });
  } catch (cause) {
    await closeAll(clients);
    throw cause instanceof TelemetryError ? cause : unreachable(server, cause);
  }
}

/** By a client of no database: a server refuses every statement in one that is not there. */
async function makeDatabase(server: ClickHouseServer): Promise<void> {
  const client = connect(server, null);
  try {
    await client.command({
      query: "CREATE DATABASE IF NOT EXISTS {database:Identifier}",
      query_params: { database: server.database },
    });
  } finally {
    await client.close();
  }
}

function connect({ url, username, password }: ClickHouseServer, database: string | null): ClickHouseClient {
  return createClient({
    url,
    username,
    password,
    application: "perch",
    // Lists of ids grow past what fits into a URL.
    use_multipart_params_auto: true,
    request_timeout: REQUEST_TIMEOUT_MS,
    ...(database === null ? {} : { database }),
    // An insert that is answered has to be there, whatever the server's own default is.
    clickhouse_settings: { async_insert: 0 },
    // What goes wrong is thrown, and told once.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

function unreachable({ url, database }: ClickHouseServer, cause: unknown): TelemetryError {
  return new TelemetryError({
    code: "store_unreachable",
    message: `the ClickHouse server ${url} cannot be used: ${reasonOf(cause)}`,
    hint: `see that it runs, that user and password are right, and that the user may create and alter tables in the database ${database}`,
    cause,
  });
}

/** A refused connection is an `AggregateError` without words, by each address that was tried. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "") return cause.errors.map(reasonOf).join("; ");
  return cause instanceof Error ? cause.message.slice(0, 300) : String(cause);
}
