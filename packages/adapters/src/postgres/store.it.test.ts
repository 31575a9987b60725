import { createConnection, createServer, type Socket } from "node:net";
import { verifyChain } from "@perch/domain";
import { describeLeadership, describeLedger, describeServerState, describeTransactionStore } from "@perch/testkit";
import { findPostgres, startPostgresServer, type PostgresServer } from "@perch/testkit/servers";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPostgres, parsePostgresAddress, readPostgresLedger, type PostgresStore } from "./index.ts";

const isMissing = findPostgres() === null;
const PASSWORD = "s3cret-word";

let server: PostgresServer;
let stores: PostgresStore[] = [];
let lost: string[] = [];

async function open(url: string, password: string | null = null): Promise<PostgresStore> {
  const store = await openPostgres(parsePostgresAddress(url, password), (reason) => void lost.push(reason));
  stores.push(store);
  return store;
}

async function openNew(): Promise<PostgresStore> {
  return await open(await server.createDatabase());
}

/** As somebody who is let into the database would. */
async function tamper(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const entry = (n: number) => ({ subject: "a", type: "happened", at: 1.25, body: { n, weight: 0.04, text: "ä\n\0" } });

/** Stands between a store and its database; `cutAt` says when a commit's connection breaks. */
async function startWire(port: number) {
  const wire: { cutAt: "never" | "commit" | "answer"; isDown: boolean } = { cutAt: "never", isDown: false };
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    sockets.add(client);
    client.on("error", () => undefined);
    if (wire.isDown) return void client.destroy();
    const database = createConnection(port, "127.0.0.1");
    sockets.add(database);
    database.on("error", () => undefined);
    let isCommitting = false;
    client.on("data", (bytes: Buffer) => {
      isCommitting = bytes.includes("COMMIT") && wire.cutAt !== "never";
      const isBefore = isCommitting && wire.cutAt === "commit";
      // Once: the connection that asks afterwards does not break.
      if (isCommitting) wire.cutAt = "never";
      if (isBefore) client.destroy();
      else database.write(bytes);
    });
    database.on("data", (bytes: Buffer) => {
      if (isCommitting) client.destroy();
      else client.write(bytes);
    });
    client.on("close", () => database.destroy());
    database.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const address = relay.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    wire,
    port: address.port,
    stop(this: void) {
      relay.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe.skipIf(isMissing)(isMissing ? "PostgreSQL (skipped: no postgresql here)" : "PostgreSQL", () => {
  beforeAll(async () => {
    server = await startPostgresServer({ password: PASSWORD });
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    [stores, lost] = [[], []];
  });
  afterAll(async () => await server?.stop());

  describe("keeps a ledger that", () => describeLedger(openNew));
  describe("keeps server state that", () => describeServerState(async () => (await openNew()).state));
  describe("keeps open transactions that", () => describeTransactionStore(async () => (await openNew()).transactions));
  describe("knows a leader, and", () =>
    describeLeadership(async () => ({
      ...(await openNew()),
      pass: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
    })));

  test("refuses to change or delete an entry, and shows when somebody did so behind its back", async () => {
    const url = await server.createDatabase();
    const { ledger } = await open(url);
    const first = await ledger.append(entry(1), 0, 0);
    await ledger.append(entry(2), first.sequence, 0);
    for (const sql of ["UPDATE perch_ledger SET at = 2", "DELETE FROM perch_ledger", "TRUNCATE perch_ledger"]) {
      await expect(tamper(url, sql)).rejects.toThrow("append-only");
    }
    const reader = await readPostgresLedger(parsePostgresAddress(url));
    verifyChain(await reader.readAll(0));
    await tamper(url, "DROP TRIGGER perch_ledger_is_never_changed ON perch_ledger; UPDATE perch_ledger SET body = '{'");
    const entries = await reader.readAll(0);
    await reader.close();
    expect(() => verifyChain(entries)).toThrow("broken at entry 1 (altered)");
  });

  test("of two stores that see the same state one appends, and both go on with one chain", async () => {
    const url = await server.createDatabase();
    const [one, two] = [await open(url), await open(url)];
    for (let round = 0; round < 10; round += 1) {
      const last = (await one.ledger.read("a")).at(-1)?.sequence ?? 0;
      const raced = await Promise.allSettled([one, two].map(({ ledger }) => ledger.append(entry(round), last, 0)));
      expect(raced.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    }
    verifyChain(await two.ledger.readAll(0));
    expect(await two.ledger.readAll(0)).toHaveLength(10);
  });

  test("is made by one of several servers that start at once, and refused when a newer one made it", async () => {
    const url = await server.createDatabase();
    await Promise.all(Array.from({ length: 4 }, () => open(url)));
    await tamper(url, "UPDATE perch_schema SET version = 99");
    await expect(open(url)).rejects.toMatchObject({ code: "database_too_new" });
    await expect(readPostgresLedger(parsePostgresAddress(url))).rejects.toMatchObject({ code: "database_too_new" });
  });

  test("is not touched by whoever only reads", async () => {
    const url = await server.createDatabase();
    await expect(readPostgresLedger(parsePostgresAddress(url))).rejects.toMatchObject({
      code: "database_unusable",
      message: expect.stringContaining("found no tables of Perch"),
    });
  });

  test("is named without its password in whatever goes wrong, with what to do", async () => {
    const { port } = server;
    const failures = {
      [`postgres://perch:wrong-${PASSWORD}@127.0.0.1:${port}/postgres`]: /password in PGPASSWORD/,
      [`postgres://perch:${PASSWORD}@127.0.0.1:${port}/nowhere`]: /createdb/,
      [`postgres://perch:${PASSWORD}@127.0.0.1:1/postgres`]: /see that PostgreSQL runs/,
    };
    for (const [url, hint] of Object.entries(failures)) {
      const failure: unknown = await open(url).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "database_unusable", hint: expect.stringMatching(hint) });
      expect(String(failure)).toContain(`cannot use the database postgres://perch@127.0.0.1:`);
      expect(String(failure)).not.toContain(PASSWORD);
    }
    const [withPassword] = [new URL(await server.createDatabase())];
    withPassword.password = "";
    await open(withPassword.href, PASSWORD);
  });

  test("may be killed and started again: what was answered is there, and the next call finds it", async () => {
    const { ledger, state } = await openNew();
    const first = await ledger.append(entry(1), 0, 0);
    await server.kill();
    await expect(ledger.append(entry(2), first.sequence, 0)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("nothing was recorded: "),
    });
    await expect(state.knownGateways()).rejects.toMatchObject({ code: "unavailable" });
    await server.restart();
    expect(await ledger.readAll(0)).toEqual([first]);
    const second = await ledger.append(entry(2), first.sequence, 0);
    verifyChain(await ledger.readAll(0));
    expect(second.sequence).toBe(2);
  });

  describe("when its connection breaks in the middle of a commit", () => {
    async function openOverWire() {
      const url = new URL(await server.createDatabase());
      const relay = await startWire(server.port);
      url.port = String(relay.port);
      return { ...relay, ...(await open(url.href)) };
    }

    test("says that the entry is there if it is", async () => {
      const { wire, ledger, stop } = await openOverWire();
      wire.cutAt = "answer";
      await expect(ledger.append(entry(1), 0, 0)).resolves.toMatchObject({ sequence: 1 });
      expect(await ledger.readAll(0)).toHaveLength(1);
      stop();
    });

    test("says that it is not there if it is not", async () => {
      const { wire, ledger, stop } = await openOverWire();
      wire.cutAt = "commit";
      await expect(ledger.append(entry(1), 0, 0)).rejects.toMatchObject({ code: "unavailable" });
      expect(await ledger.readAll(0)).toEqual([]);
      stop();
    });

    test("says so when it cannot find out", async () => {
      const { wire, ledger, stop } = await openOverWire();
      [wire.cutAt, wire.isDown] = ["answer", true];
      await expect(ledger.append(entry(1), 0, 0)).rejects.toMatchObject({ code: "in_doubt" });
      stop();
    });
  });
});
