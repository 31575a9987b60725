import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createClient, type ClickHouseClient } from "@clickhouse/client";
import { createChdbConnection } from "chdb/connection";
import { createRedisPinStore, openRedisConnection, parseRedisAddress } from "@perch/adapters/redis";
import { createSqliteLedger, openServerDatabase } from "@perch/adapters/sqlite";
import { parseAgentName, verifyChain, type LedgerEntry } from "@perch/domain";
import type { AgentTurn, KeptRecord } from "./history.ts";
import { AGENT, type World } from "./world.ts";

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;

/** What the agents wrote down. */
export async function collectAgentTurns({ agents }: World): Promise<readonly AgentTurn[]> {
  const [url = ""] = Object.values(agents.urls);
  const text = await (await fetch(`${url}/-/turns`)).text();
  return text.split("\n").map((line) => {
    const [attempt = "", conversation = "", release = ""] = line.split(" ");
    return { attempt: Number(attempt), conversation, release };
  });
}

/** The whole ledger of a server that has stopped, its chain checked. */
export async function collectLedger({ directory }: World): Promise<readonly LedgerEntry[]> {
  const ledger = createSqliteLedger(openServerDatabase(join(directory, "server", "server", "server.sqlite")));
  const entries = await ledger.readAll(0);
  await ledger.close();
  verifyChain(entries);
  return entries;
}

type Row = [id: string, kind: string, traceId: string, session: string, release: string, rollout: string | null];

/** Every record in the store of a server that has stopped: one row each, as nobody but its merging would see it. */
export async function collectRecords({ directory }: World): Promise<readonly KeptRecord[]> {
  const client = connect(join(directory, "server", "server", "chdb"));
  try {
    const result = await client.query({
      query: "SELECT id, kind, trace_id, session, release, rollout FROM perch.turns FINAL",
      format: "JSONCompactEachRow",
    });
    const records: KeptRecord[] = [];
    for await (const rows of result.stream<Row>()) {
      for (const row of rows) records.push(toRecord(row.json()));
    }
    return records;
  } finally {
    await client.close();
  }
}

function toRecord([id, kind, traceId, session, release, rollout]: Row): KeptRecord {
  return { id, kind, attempt: Number.parseInt(traceId, 16), session, release, rollout };
}

function connect(directory: string): ClickHouseClient {
  // The interface is the same; chdb names it by client-common's types and the client by its own copy of them.
  const connection: unknown = createChdbConnection({ path: directory });
  return createClient({ connection: connection as NonNullable<ClientOptions["connection"]> });
}

/** Session → release, as the store has it. */
export async function collectPins({ redis, databases }: World): Promise<ReadonlyMap<string, string>> {
  if (redis !== null) return await collectRedisPins(redis.url);
  const database = new DatabaseSync(databases[0] ?? "", { readOnly: true });
  const rows = database.prepare("SELECT session, release FROM pin WHERE agent = ?").all(AGENT);
  database.close();
  return new Map(rows.map((row) => [String(row["session"]), String(row["release"])]));
}

async function collectRedisPins(url: string): Promise<ReadonlyMap<string, string>> {
  const address = parseRedisAddress(url, null);
  const connection = await openRedisConnection({ address, timeoutMs: 10_000, onChange: () => {} });
  const store = createRedisPinStore(connection, () => Date.now());
  const pins = new Map<string, string>();
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof store.list>> = await store.list(parseAgentName(AGENT), {
      after,
      limit: 1000,
    });
    for (const { pin } of page.pins) pins.set(pin.session, pin.release);
    after = page.next;
  } while (after !== null);
  await store.close();
  return pins;
}

/** Records that a gateway has not brought to the server yet. */
export function countUnsent(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
  const row = database.prepare("SELECT coalesce(sum(records), 0) AS records FROM turn_batch").get();
  database.close();
  return Number(row?.["records"]);
}
