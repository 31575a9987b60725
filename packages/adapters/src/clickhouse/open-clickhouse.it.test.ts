import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { numbersAfter, parseAgentName, parseRolloutId, parseSessionId } from "@perch/domain";
import { aSpan, aTurnRecord, describeTraceStore } from "@perch/testkit";
import { freePort, startClickHouseHttp, type ClickHouseHttp } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openClickHouseTraceStore, type ClickHouseServer } from "./open-clickhouse.ts";
import type { OpenTraceStore } from "./open-store.ts";

const KEY = { agent: parseAgentName("support"), session: parseSessionId("session-1") };

let endpoint: ClickHouseHttp;
let databases = 0;
beforeAll(async () => {
  endpoint = await startClickHouseHttp();
});
afterAll(() => endpoint.stop());

/** A database that nobody has used. */
function aServer(change: Partial<ClickHouseServer> = {}): ClickHouseServer {
  databases += 1;
  const { url, username, password } = endpoint;
  return { url, username, password, database: `perch_${databases}`, ...change };
}

/** A store without a row, in a database of its own that is made once: making its tables takes longer than most tests. */
async function anEmptyStore(): Promise<OpenTraceStore> {
  const server = { ...aServer(), database: "perch_emptied" };
  const opened = await openClickHouseTraceStore(server);
  const client = createClient({ ...server, log: { level: ClickHouseLogLevel.OFF } });
  const query = `SELECT name FROM system.tables
    WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree') AND name != 'migrations'`;
  const tables = await (await client.query({ query, format: "JSONEachRow" })).json<{ name: string }>();
  for (const { name } of tables) await client.command({ query: `TRUNCATE TABLE ${name}` });
  await client.close();
  return opened;
}

describe("traces in ClickHouse over HTTP", () => describeTraceStore(anEmptyStore));

test("everything is there again after closing and opening, and in no other database", async () => {
  const server = aServer();
  const first = await openClickHouseTraceStore(server);
  await first.store.appendTurns([aTurnRecord()]);
  await first.close();
  await first.close();
  const [second, other] = [await openClickHouseTraceStore(server), await openClickHouseTraceStore(aServer())];
  expect((await second.store.evidenceOf([KEY]))[0]?.turns).toEqual([aTurnRecord()]);
  expect((await other.store.evidenceOf([KEY]))[0]?.turns).toEqual([]);
  await second.close();
  await other.close();
});

test("what was acknowledged is there when the server is back after a crash; in between nothing is acknowledged", async () => {
  const { store, close } = await openClickHouseTraceStore(aServer());
  await store.appendTurns([aTurnRecord({ id: "before" })]);
  await endpoint.kill();
  await expect(store.appendTurns([aTurnRecord({ id: "between" })])).rejects.toMatchObject({ code: "store_failed" });
  await endpoint.restart();
  await store.appendTurns([aTurnRecord({ id: "after" })]);
  const [evidence] = await store.evidenceOf([KEY]);
  expect(evidence?.turns.map(({ id }) => id).toSorted()).toEqual(["after", "before"]);
  await close();
});

test("no assignment's number is given twice when the lead goes to another server and back, nor by one that was deposed", async () => {
  const server = aServer();
  const [a, b] = [await openClickHouseTraceStore(server), await openClickHouseTraceStore(server)];
  let sent = 0;
  const assign = ({ store }: typeof a): Promise<void> => {
    sent += 1;
    const session = parseSessionId(`session-${sent}`);
    const rollout = parseRolloutId("r-1");
    return store.appendTurns([aTurnRecord({ id: `${sent}`, session, kind: "assignment", rollout, step: 0 })]);
  };
  a.store.beginTerm(1);
  await assign(a);
  b.store.beginTerm(2);
  await assign(b);
  await assign(a);
  a.store.beginTerm(3);
  await assign(a);
  await assign(b);
  const query = { rollout: parseRolloutId("r-1"), step: 0, afterAssignment: 0, limit: 10 };
  const numbers = (await b.cohorts.members(query)).map(({ assignment }) => assignment);
  expect(new Set(numbers).size).toBe(5);
  expect(Math.max(...numbers)).toBeGreaterThan(numbersAfter(3));
  expect(await b.store.lastSequence()).toBe(numbersAfter(2));
  await a.close();
  await b.close();
});

test("a session of more traces than fit into a URL is read whole", async () => {
  const { store, close } = await openClickHouseTraceStore(aServer());
  const traceIds = Array.from({ length: 3000 }, (_, index) => (index + 1).toString(16).padStart(32, "0"));
  await store.appendTurns(traceIds.map((traceId, index) => aTurnRecord({ id: `${index}`, traceId })));
  await store.appendSpans(traceIds.map((traceId) => aSpan({ traceId })));
  expect((await store.evidenceOf([KEY]))[0]?.spans).toHaveLength(traceIds.length);
  await close();
});

test("a server that is not there, or does not let us in, is named without the password", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  await expect(openClickHouseTraceStore(aServer({ url }))).rejects.toMatchObject({
    code: "store_unreachable",
    message: expect.stringMatching(new RegExp(`^the ClickHouse server ${url} cannot be used: .*ECONNREFUSED`)),
  });
  await expect(openClickHouseTraceStore(aServer({ password: "hunter2" }))).rejects.toMatchObject({
    code: "store_unreachable",
    message: expect.stringMatching(/Authentication failed(?!.*hunter2)/),
  });
});
