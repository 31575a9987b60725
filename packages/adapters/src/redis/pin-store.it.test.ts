import { digestOf, parseSessionId } from "@perch/domain";
import { aPin, describePinStore, describeSharedPinStore } from "@perch/testkit";
import { findRedisServer, startRedisServer, type RedisServer } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRedisPinStore, openRedisConnection, parseRedisAddress } from "./index.ts";

const isMissing = findRedisServer() === null;
const PASSWORD = "s3cret/@ word";
const TIMEOUT_MS = 1000;

let server: RedisServer;

type Change = { readonly isUp: boolean; readonly reason: string };
type Connecting = { readonly password?: string; readonly timeoutMs?: number; readonly changes?: Change[] };

/** `changes` gets what becomes of this connection. */
async function connect({ password = PASSWORD, timeoutMs = TIMEOUT_MS, changes = [] }: Connecting = {}) {
  const onChange = (isUp: boolean, reason: string): void => void changes.push({ isUp, reason });
  return await openRedisConnection({ address: parseRedisAddress(server.url, password), timeoutMs, onChange });
}

async function emptyStore(changes: Change[] = []) {
  const connection = await connect({ timeoutMs: 10_000, changes });
  await connection.send(["FLUSHALL"]);
  return createRedisPinStore(connection, () => Date.now());
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(isMissing)(isMissing ? "pins on Redis (skipped: no redis-server here)" : "pins on Redis", () => {
  beforeAll(async () => {
    server = await startRedisServer({ password: PASSWORD });
  });
  afterAll(async () => await server?.stop());

  describePinStore(() => emptyStore(), { ttlMs: 2000, kind: "real" });
  describeSharedPinStore(async () => [
    await emptyStore(),
    createRedisPinStore(await connect({ timeoutMs: 10_000 }), () => Date.now()),
  ]);

  test("are claimed, aliased and found in a cluster too, whatever the id holds", async () => {
    const cluster = await startRedisServer({ isCluster: true });
    const address = parseRedisAddress(cluster.url, null);
    const connection = await openRedisConnection({ address, timeoutMs: 10_000, onChange: () => {} });
    await until(async () => String(await connection.send(["CLUSTER", "INFO"])).includes("cluster_state:ok"));
    await expect(connection.send(["MGET", "a", "b"])).rejects.toThrow("CROSSSLOT");
    const store = createRedisPinStore(connection, () => Date.now());
    for (const name of ["plain", "{a}b", "}", "{", "a}{b", "|}x{"].map(parseSessionId)) {
      const pin = aPin({ session: name });
      expect(await store.claim(pin, 10_000)).toEqual(pin);
      const alias = parseSessionId(`x${name}`);
      await store.alias({ agent: pin.agent, alias, session: name }, 10_000);
      expect(await store.claim({ ...pin, session: alias }, 10_000)).toEqual(pin);
      expect(await store.find(pin.agent, alias)).toEqual(pin);
    }
    expect(await store.countLive(aPin().agent, aPin().release)).toBe(6);
    await store.close();
    await cluster.stop();
  });

  test("take one command a claim once the server knows the script, also after it forgot it", async () => {
    const store = await emptyStore();
    const connection = await connect();
    await store.claim(aPin(), 10_000);
    await connection.send(["CONFIG", "RESETSTAT"]);
    await store.claim(aPin(), 10_000);
    expect(String(await connection.send(["INFO", "commandstats"]))).toMatch(/cmdstat_evalsha:calls=1,/);
    await connection.send(["SCRIPT", "FLUSH"]);
    expect(await store.claim(aPin({ release: digestOf("other") }), 10_000)).toEqual(aPin());
    await Promise.all([store.close(), connection.close()]);
  });

  test("fail at once while the server is away, and work again soon after it is back", async () => {
    const changes: Change[] = [];
    const store = await emptyStore(changes);
    await server.kill();
    await until(() => changes.some(({ isUp }) => !isUp));
    const began = performance.now();
    await expect(store.claim(aPin(), 10_000)).rejects.toMatchObject({ code: "redis_unreachable" });
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS / 2);
    await server.restart();
    await until(() =>
      store.claim(aPin(), 10_000).then(
        () => true,
        () => false,
      ),
    );
    expect(changes.map(({ isUp }) => isUp)).toEqual([true, false, true]);
    await store.close();
  });

  test("wait only a moment for a server that hangs, then not at all for a while", async () => {
    const store = createRedisPinStore(await connect(), () => Date.now());
    process.kill(server.pid(), "SIGSTOP");
    try {
      const began = performance.now();
      await expect(store.claim(aPin(), 10_000)).rejects.toMatchObject({ code: "redis_timed_out" });
      const waited = performance.now() - began;
      await expect(store.claim(aPin(), 10_000)).rejects.toMatchObject({ code: "redis_timed_out" });
      expect(waited).toBeLessThan(TIMEOUT_MS * 2);
      expect(performance.now() - began - waited).toBeLessThan(TIMEOUT_MS / 2);
    } finally {
      process.kill(server.pid(), "SIGCONT");
    }
    await until(() =>
      store.claim(aPin(), 10_000).then(
        () => true,
        () => false,
      ),
    );
    await store.close();
  });

  test("are asked for over a new connection when the old one stays silent", async () => {
    const store = createRedisPinStore(await connect(), () => Date.now());
    await until(() =>
      store.claim(aPin(), 10_000).then(
        () => true,
        () => false,
      ),
    );
    const clients = async (): Promise<string> => {
      const own = await connect({ timeoutMs: 10_000 });
      const list = String(await own.send(["CLIENT", "LIST", "TYPE", "normal"]));
      await own.close();
      return list;
    };
    const before = await clients();
    process.kill(server.pid(), "SIGSTOP");
    const silent = async (): Promise<boolean> =>
      store.claim(aPin(), 10_000).then(
        () => false,
        () => true,
      );
    // Three times it waits for an answer, and then for a second.
    const enoughMs = 3 * (TIMEOUT_MS + 1000) + 600;
    const began = performance.now();
    while (performance.now() - began < enoughMs) {
      expect(await silent()).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    process.kill(server.pid(), "SIGCONT");
    await until(async () => !(await silent()));
    const idOf = (list: string): string[] => [...list.matchAll(/id=(\d+) .*cmd=eval/g)].map(([, id]) => id ?? "");
    expect(idOf(await clients())).not.toEqual(idOf(before));
    await store.close();
  });

  test("opens although the server wants another password, says so without telling any, and refuses commands", async () => {
    const changes: Change[] = [];
    const connection = await connect({ password: "wrong-password", changes });
    await expect(connection.send(["PING"])).rejects.toMatchObject({ name: "RedisError" });
    await until(() => changes.length > 0);
    expect(changes[0]?.reason).toMatch(/WRONGPASS/);
    expect(JSON.stringify(changes)).not.toMatch(/wrong-password|s3cret/);
    await connection.close();
  });
});
