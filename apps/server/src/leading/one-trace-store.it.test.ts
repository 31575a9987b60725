import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolloutViewSchema, type RolloutView } from "@perch/api";
import {
  findPostgres,
  startClickHouseHttp,
  startPostgresServer,
  type ClickHouseHttp,
  type PostgresServer,
} from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pushReleases } from "../it/push-releases.ts";
import { postJson, startServerProcess, until, type ServerProcess } from "../it/server-process.ts";
import { connectGateway, sendSessions } from "../it/simulated-gateway.ts";

const SERVER = fileURLToPath(new URL("../main.ts", import.meta.url));
const PASSWORD = "s3cret-word";
const YAML = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: support-2-3-1 }
spec:
  agent: support
  release: 2.3.1
  steps: [ { setWeight: 20, pause: { duration: 10h } }, { setWeight: 50 } ]
  analysis:
    interval: 1s
    gates: [ { name: escalation-rate, kind: proportion, compare: { margin: 0.1 } } ]
`;

const isMissing = findPostgres() === null;
let postgres: PostgresServer;
let clickhouse: ClickHouseHttp;
let agent: Server;
let data = "";
const children: ChildProcess[] = [];

async function startServer(name: string, database: string): Promise<ServerProcess> {
  const { url, username } = clickhouse;
  const env = { ...process.env, PGPASSWORD: PASSWORD, PERCH_CLICKHOUSE_PASSWORD: clickhouse.password };
  const own = ["--data", join(data, name), "--port", "0", "--tick", "100", "--lateness", "300"];
  const shared = ["--registry", join(data, "registry"), "--trust", join(data, "trust"), "--database", database];
  const stores = ["--clickhouse", url, "--clickhouse-user", username, "--leader-lease", "5s"];
  const started = await startServerProcess(SERVER, [...own, ...shared, ...stores], env);
  children.push(started.child);
  return started;
}

async function urlOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** A connection to one that wakes up may break. */
async function leads({ url }: ServerProcess): Promise<boolean> {
  const answer = await fetch(`${url}/healthz`).catch(() => null);
  const { role }: { role?: string } = Object(await answer?.json());
  return role === "leading";
}

async function viewOf({ url }: ServerProcess): Promise<RolloutView> {
  return rolloutViewSchema.parse(await (await fetch(`${url}/v1/rollouts/support-2-3-1`)).json());
}

/** The one is stopped for longer than its lease, and runs again when the other leads. */
async function passTheLead(from: ServerProcess, to: ServerProcess): Promise<void> {
  from.child.kill("SIGSTOP");
  expect(
    await until(
      () => leads(to),
      (isLeading) => isLeading,
    ),
  ).toBe(true);
  from.child.kill("SIGCONT");
  expect(
    await until(
      () => leads(from),
      (isLeading) => !isLeading,
    ),
  ).toBe(false);
}

// A block is judged when the next one begins.
const LAST_BLOCK = 2;

/** Sixty sessions through this server, and its view of the rollout when so many of the canary's have ended and are judged. */
async function serve(server: ServerProcess, ended: number, escalates: (place: number) => boolean) {
  const gateway = await connectGateway(server.url);
  await until(
    async () => gateway.tables.at(-1)?.agents[0]?.canary ?? null,
    (canary) => canary !== null,
  );
  const table = gateway.tables.at(-1);
  if (table === undefined) throw new Error("no table");
  await sendSessions(server.url, table, escalates);
  const view = await until(
    () => viewOf(server),
    ({ gates, arms, phase }) =>
      phase === "RolledBack" ||
      (arms.canary.matured === ended && (gates[0]?.canary.sessions ?? 0) >= ended - LAST_BLOCK),
  );
  gateway.disconnect();
  return view;
}

const title = "servers with one database and one trace store";
describe.skipIf(isMissing)(isMissing ? `${title} (skipped: no postgresql here)` : title, () => {
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), "perch-one-store-"));
    [postgres, clickhouse] = await Promise.all([startPostgresServer({ password: PASSWORD }), startClickHouseHttp()]);
    agent = createServer((_request, response) => response.end());
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    agent?.close();
    await Promise.all([postgres?.stop(), clickhouse?.stop()]);
    rmSync(data, { recursive: true, force: true });
  });

  test("a lead that goes back and forth loses no session's evidence, and the rollout ends for the right reason", async () => {
    await pushReleases(data, ["2.3.0", "2.3.1"]);
    const database = new URL(await postgres.createDatabase());
    database.password = "";
    const a = await startServer("a", database.href);
    await until(
      () => leads(a),
      (isLeading) => isLeading,
    );
    const b = await startServer("b", database.href);
    const baseline = await urlOf(agent);
    await postJson(`${a.url}/v1/deployments`, { release: "support@2.3.0", url: baseline });
    await postJson(`${a.url}/v1/deployments`, { release: "support@2.3.1", url: `${baseline}/canary` });
    const gateway = await connectGateway(b.url);
    await postJson(`${b.url}/v1/rollouts`, YAML);
    await until(
      () => viewOf(a),
      ({ phase }) => phase === "Baking",
    );
    gateway.disconnect();

    const never = (): boolean => false;
    expect((await serve(a, 12, never)).arms.canary).toMatchObject({ sessions: 12, matured: 12 });
    await passTheLead(a, b);
    expect((await serve(b, 24, never)).arms.canary).toMatchObject({ sessions: 24, matured: 24 });
    await passTheLead(b, a);
    expect((await serve(a, 36, never)).arms.canary).toMatchObject({ sessions: 36, matured: 36 });
    const seen = (await viewOf(a)).gates[0];
    expect(seen?.canary.sessions).toBeGreaterThanOrEqual(36 - LAST_BLOCK);
    expect(seen?.baseline.sessions).toBeGreaterThanOrEqual(144 - 6 * LAST_BLOCK);

    b.child.kill("SIGKILL");
    const gone = await serve(a, 48, (place) => place % 5 === 0);
    expect([gone.phase, gone.culprits, gone.switchedSessions]).toEqual(["RolledBack", ["escalation-rate"], 0]);
  }, 240_000);
});
