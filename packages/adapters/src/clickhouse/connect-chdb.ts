import { createClient, type ClickHouseClient } from "@clickhouse/client";
import { createChdbConnection } from "chdb/connection";
import { execFromFile } from "./exec-from-file.ts";

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;

// The engine keeps many databases in a directory; ours is one.
const DATABASE = "perch";

/** A connection of its own to the engine in this process, in our database. */
export async function connectChdb(directory: string): Promise<ClickHouseClient> {
  const client = connect(directory);
  try {
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${DATABASE}` });
    await client.command({ query: `USE ${DATABASE}` });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

function connect(directory: string): ClickHouseClient {
  const chdb = createChdbConnection({ path: directory });
  const fromFile = execFromFile(chdb, directory);
  // The interface is the same; chdb names it by client-common's types and the client by its own copy of them.
  const connection: unknown = {
    ping: chdb.ping.bind(chdb),
    query: chdb.query.bind(chdb),
    command: chdb.command.bind(chdb),
    insert: chdb.insert.bind(chdb),
    exec: fromFile.exec,
    close: () => chdb.close().finally(fromFile.close),
  };
  return createClient({ connection: connection as NonNullable<ClientOptions["connection"]> });
}
