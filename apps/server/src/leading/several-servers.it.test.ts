import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parsePostgresAddress, readPostgresLedger } from "@perch/adapters/postgres";
import { verifyChain, type LedgerEntry } from "@perch/domain";
import { findPostgres, startPostgresServer, type PostgresServer } from "@perch/testkit/servers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pushReleases } from "../it/push-releases.ts";
import { startServerProcess, type ServerProcess } from "../it/server-process.ts";

const SERVER = fileURLToPath(new URL("../main.ts", import.meta.url));
const GATEWAY = fileURLToPath(new URL("../../../gateway/src/main.ts", import.meta.url));
const PASSWORD = "s3cret-word";
/** Longer than a machine with other things to do keeps a leader from renewing it. */
const LEASE_MS = 5000;

const isMissing = findPostgres() === null;
let postgres: PostgresServer;
let data = "";
let database = "";
let children: ChildProcess[] = [];

async function startProcess(main: string, args: readonly string[]): Promise<ServerProcess> {
  const env = { ...process.env, PGPASSWORD: PASSWORD };
  const started = await startServerProcess(main, ["--port", "0", ...args], env);
  children.push(started.child);
  return started;
}

async function startServer(name: string): Promise<ServerProcess> {
  const shared = ["--registry", join(data, "registry"), "--trust", join(data, "trust"), "--tick", "100"];
  const leading = ["--database", database, "--leader-lease", `${LEASE_MS}ms`];
  return await startProcess(SERVER, ["--data", join(data, name), ...shared, ...leading]);
}

async function startGateway(servers: readonly ServerProcess[]): Promise<ServerProcess> {
  const urls = servers.map(({ url }) => url).join(",");
  return await startProcess(GATEWAY, ["--data", join(data, "gateway"), "--server", urls]);
}

type Answer = { readonly status: number; readonly leader: string | null; readonly body: unknown };

async function ask(server: ServerProcess, path: string, body?: object): Promise<Answer> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(server.url + path, { ...init, headers: { "content-type": "application/json" } });
  return { status: answer.status, leader: answer.headers.get("x-perch-leader"), body: await answer.json() };
}

const deploy = (server: ServerProcess, port: number): Promise<Answer> =>
  ask(server, "/v1/deployments?add=true", { release: "support@2.3.0", url: `http://127.0.0.1:${port}` });

async function roleOf(server: ServerProcess): Promise<unknown> {
  const { body } = await ask(server, "/healthz");
  return typeof body === "object" && body !== null && "role" in body ? body.role : null;
}

/** Which of the two leads, chance decides. */
async function startPair(): Promise<readonly [leader: ServerProcess, follower: ServerProcess]> {
  const [a, b] = await Promise.all([startServer("a"), startServer("b")]);
  return (await roleOf(a)) === "leading" ? [a, b] : [b, a];
}

/** How long it took. */
async function until(holds: () => Promise<boolean>): Promise<number> {
  const from = Date.now();
  while (!(await holds().catch(() => false))) {
    if (Date.now() - from > 30_000) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return Date.now() - from;
}

async function ledgerOf(): Promise<readonly LedgerEntry[]> {
  const ledger = await readPostgresLedger(parsePostgresAddress(database, PASSWORD));
  const entries = await ledger.readAll(0);
  await ledger.close();
  return entries;
}

const portsIn = (entries: readonly LedgerEntry[]): string[] =>
  entries.flatMap(({ type, body }) => (type === "deploymentRegistered" ? [JSON.stringify(body)] : []));

/** What a gateway is sent, until the stream ends. */
async function followTable(server: ServerProcess) {
  const answer = await fetch(`${server.url}/v1/gateways/gw-watch/table`);
  const seen = { events: [] as string[], isOver: false };
  void (async () => {
    try {
      for await (const chunk of answer.body ?? []) {
        const text = Buffer.from(chunk).toString();
        seen.events.push(...text.split("\n").filter((line) => line.startsWith("event: ")));
      }
    } catch {
      // It broke, which is one way to end.
    }
    seen.isOver = true;
  })();
  return seen;
}

async function epochAt(gateway: ServerProcess): Promise<unknown> {
  const { body } = await ask(gateway, "/-/status");
  const { revision }: { revision?: { epoch: number } | null } = Object(body);
  return revision?.epoch ?? null;
}

describe.skipIf(isMissing)(isMissing ? "several servers (skipped: no postgresql here)" : "several servers", () => {
  beforeAll(async () => {
    postgres = await startPostgresServer({ password: PASSWORD });
  });
  afterAll(async () => await postgres?.stop());
  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), "perch-several-"));
    const url = new URL(await postgres.createDatabase());
    url.password = "";
    database = url.href;
    await pushReleases(data, ["2.3.0"]);
  });
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    children = [];
    rmSync(data, { recursive: true, force: true });
  });

  test("a follower answers as the leader would; when the leader is killed it leads within seconds, gateways with it", async () => {
    const [a, b] = await startPair();
    expect([await roleOf(a), await roleOf(b)]).toEqual(["leading", "following"]);
    expect(await deploy(b, 1)).toMatchObject({ status: 201, leader: a.url });
    expect((await ask(b, "/v1/agents")).body).toEqual((await ask(a, "/v1/agents")).body);
    const gateway = await startGateway([a, b]);
    await until(async () => (await epochAt(gateway)) === 1);
    const lead = /^perch_server_leads (.)$/m;
    const metricsOf = async ({ url }: ServerProcess) => await (await fetch(`${url}/-/metrics`)).text();
    expect([lead.exec(await metricsOf(a))?.[1], lead.exec(await metricsOf(b))?.[1]]).toEqual(["1", "0"]);

    a.child.kill("SIGKILL");
    expect(await until(async () => (await roleOf(b)) === "leading")).toBeLessThan(LEASE_MS + 10_000);
    await until(async () => (await epochAt(gateway)) === 2);
    expect(await deploy(b, 2)).toMatchObject({ status: 201, leader: null });
    const entries = await ledgerOf();
    verifyChain(entries);
    expect(portsIn(entries)).toEqual([expect.stringContaining("127.0.0.1:1"), expect.stringContaining("127.0.0.1:2")]);
    expect([...a.log, ...b.log].join("")).not.toContain(PASSWORD);
  });

  test("a leader that was stopped and wakes records nothing and tells gateways nothing, but passes on to the new one", async () => {
    const [a, b] = await startPair();
    expect((await deploy(a, 1)).status).toBe(201);
    const stream = await followTable(a);
    await until(async () => stream.events.includes("event: table"));

    a.child.kill("SIGSTOP");
    await until(async () => (await roleOf(b)) === "leading");
    expect((await deploy(b, 2)).status).toBe(201);
    const before = stream.events.length;
    a.child.kill("SIGCONT");
    // At once, before it can have asked who leads: each is passed on, or refused, or cut off.
    const answers = await Promise.allSettled([3, 4, 5, 6].map((port) => deploy(a, port)));
    await until(async () => stream.isOver);
    expect(stream.events.slice(before)).toEqual([]);
    const recorded = answers.flatMap((one) =>
      one.status === "fulfilled" && one.value.status === 201 ? [one.value] : [],
    );
    expect(recorded.every(({ leader }) => leader === b.url)).toBe(true);

    await until(async () => (await deploy(a, 7)).leader === b.url);
    const entries = await ledgerOf();
    verifyChain(entries);
    expect(portsIn(entries)).toHaveLength(3 + recorded.length);
    expect([await roleOf(a), await roleOf(b)]).toEqual(["following", "leading"]);
  });

  test("while the database is away nobody leads, and one does by itself when it is back", async () => {
    const [a, b] = await startPair();
    await deploy(a, 1);
    await postgres.kill();
    // On a slow machine the lead may be over before the answer: then the connections of whoever followed it are broken.
    const refused = await deploy(b, 2).catch(() => null);
    if (refused !== null) expect(refused.status).toBe(503);
    await until(async () => (await roleOf(a)) === "following");
    expect(await deploy(a, 3)).toMatchObject({ status: 503, body: { error: { code: "no_leader" } } });
    await postgres.restart();
    await until(async () => (await roleOf(a)) === "leading" || (await roleOf(b)) === "leading");
    await until(async () => (await deploy(b, 4)).status === 201);
    const entries = await ledgerOf();
    verifyChain(entries);
    expect(portsIn(entries)).toHaveLength(2);
  });

  test("a leader that is told to stop leaves the lead at once", async () => {
    const [a, b] = await startPair();
    a.child.kill("SIGTERM");
    expect(await until(async () => (await roleOf(b)) === "leading")).toBeLessThan(LEASE_MS);
    expect((await deploy(b, 1)).status).toBe(201);
  });
});
