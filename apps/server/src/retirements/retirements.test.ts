import { createMemoryHookSender } from "@perch/adapters/in-memory";
import { agentViewSchema } from "@perch/api";
import { digestOf, type HookReply } from "@perch/domain";
import { expect, test } from "vitest";
import { connectGateway, createStage, get, post, startRollout, tick, YAML } from "../it/stage.ts";

const [OLD, NEW] = [digestOf("2.3.0"), digestOf("2.3.1")];
const HOUR = 3_600_000;
const HOOK = "http://127.0.0.1:9/hook";
const RETIRING = YAML.replace(
  "  steps:",
  `  rollback: { window: { duration: 30m }, requireHealthyTarget: false }
  promotion: { bakeTime: 10m }
  drain: { deadline: 2h, onDeadline: evict }
  sunset: { scaledownDelay: 1h, deleteDelay: 2h, keepLast: 0 }
  steps:`,
);
const AGREES: HookReply = { status: 200, detail: "answered 200" };

/** A promotion has just left 2.3.0 behind, which has a hook. */
async function createScene(reply: () => HookReply = () => AGREES) {
  const { sender, posted } = createMemoryHookSender(reply);
  const stage = await createStage({ sender, settings: { channels: [], console: null, secrets: [] } });
  const { world } = stage;
  await post(stage.server, "/v1/deployments", { release: "support@2.3.0", url: "http://127.0.0.1:1", hook: HOOK });
  await startRollout(world, stage.server, RETIRING);
  await post(stage.server, "/v1/rollouts/support-2-3-1/promote", {});
  const scene = {
    ...stage,
    posted,
    /** Time passes, the gateways are asked twice, and whatever follows from that is done. */
    async pass(ms: number): Promise<void> {
      await tick(world, scene.server, ms);
      for (let count = 0; count < 2; count += 1) await scene.server.countPins();
      await tick(world, scene.server);
      await scene.server.hooksSettled();
      await tick(world, scene.server);
      await scene.server.hooksSettled();
    },
    async release(digest = OLD) {
      const { releases } = agentViewSchema.parse(await get(scene.server, "/v1/agents/support"));
      return releases.find(({ release }) => release.digest === digest);
    },
    urls: () => scene.gateway.tables.at(-1)?.agents[0]?.releases.find(({ release }) => release === OLD),
    entries: async () =>
      (await world.ledger.readAll(0)).filter(({ type }) => /drain|retire|Drained|ScaledDown|Decom|Hook/i.test(type)),
  };
  return scene;
}

test("a baseline that was left behind drains, is scaled down by its hook and decommissioned, and all of it is on record", async () => {
  const scene = await createScene();
  scene.gateway.pins = { [OLD]: 2, [NEW]: 5 };
  await scene.pass(1000);
  expect(await scene.release()).toMatchObject({ status: "Draining", retirement: { rollout: "support-2-3-1" } });
  expect((await scene.release())?.retirement?.waitsFor[0]).toBe("2 sessions that are pinned to it");
  scene.gateway.pins = { [OLD]: 0, [NEW]: 5 };
  await scene.pass(HOUR);
  expect(await scene.release()).toMatchObject({ status: "Drained", retirement: { stage: "drained" } });
  await scene.pass(HOUR);
  expect(await scene.release()).toMatchObject({ retirement: { stage: "scaledDown" }, urls: [] });
  expect(scene.urls()).toMatchObject({ urls: [], isRetired: true });
  expect(scene.posted.map(({ url, body }) => [url, JSON.parse(body)])).toEqual([
    [
      HOOK,
      {
        type: "deployment.scaleDown",
        timestamp: expect.any(String),
        data: {
          agent: "support",
          release: { digest: OLD, version: "2.3.0" },
          rollout: "support-2-3-1",
          url: "http://127.0.0.1:1",
        },
      },
    ],
  ]);
  await scene.pass(HOUR);
  expect((await scene.release())?.status).toBe("Decommissioned");
  await scene.pass(1000);
  expect(scene.posted.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
    "deployment.scaleDown",
    "deployment.delete",
  ]);
  expect((await scene.entries()).map(({ type }) => type)).toEqual([
    "drainStarted",
    "releaseDrained",
    "releaseScaledDown",
    "deploymentHookAnswered",
    "releaseDecommissioned",
    "deploymentHookAnswered",
  ]);
  // The current release is none of it.
  expect(await scene.release(NEW)).toMatchObject({ status: "Current", retirement: null });
});

test("while a gateway cannot tell, nothing is taken away, however long it lasts", async () => {
  const scene = await createScene();
  scene.gateway.pins = { [OLD]: 0 };
  await scene.pass(HOUR);
  expect((await scene.release())?.status).toBe("Drained");
  const other = await connectGateway(scene.server, "gw-2");
  other.pins = "unknown";
  for (let day = 0; day < 3; day += 1) await scene.pass(24 * HOUR);
  expect(await scene.release()).toMatchObject({ status: "Drained", livePins: null, urls: ["http://127.0.0.1:1"] });
  expect(scene.posted).toEqual([]);
  other.pins = { [OLD]: 0 };
  await scene.pass(1000);
  expect(await scene.release()).toMatchObject({ retirement: { stage: "scaledDown" }, urls: [] });
});

test("a transaction of the release's tools holds its drain until it is closed, whoever tells of that", async () => {
  const scene = await createScene();
  const refund = { agent: "support", tool: "refund", id: "r-1", session: "s-1" };
  const report = async (change: object) =>
    await post(scene.server, "/v1/transactions", { transactions: [{ ...refund, ...change }] });
  await report({ state: "open", release: OLD });
  scene.gateway.pins = { [OLD]: 0 };
  await scene.pass(HOUR);
  expect(await scene.release()).toMatchObject({
    status: "Draining",
    retirement: {
      waitsFor: [expect.stringContaining("1 transaction of its tools to be closed"), expect.any(String)],
      openTransactions: {
        count: 1,
        oldest: [{ tool: "refund", id: "r-1", session: "s-1", isOfUnknownRelease: false }],
      },
    },
  });
  await report({ state: "closed" });
  await scene.pass(1000);
  expect(await scene.release()).toMatchObject({ status: "Drained", retirement: { openTransactions: { count: 0 } } });
  // Somebody tells late of another one.
  await report({ state: "open", release: OLD, id: "r-2" });
  await scene.pass(1000);
  expect((await scene.release())?.status).toBe("Draining");
  expect((await scene.entries()).map(({ type }) => type)).toEqual(["drainStarted", "releaseDrained", "drainResumed"]);
});

test("a server that starts anew holds a drain for what was open before", async () => {
  const scene = await createScene();
  const refund = { agent: "support", tool: "refund", id: "r-1", session: "s-1", state: "open", release: OLD };
  await post(scene.server, "/v1/transactions", { transactions: [refund] });
  scene.server = await scene.world.start();
  scene.gateway = await connectGateway(scene.server);
  scene.gateway.pins = { [OLD]: 0 };
  await scene.pass(HOUR);
  expect((await scene.release())?.retirement?.waitsFor[0]).toBe("1 transaction of its tools to be closed");
});

test("a hook that does not agree is asked again, and nothing is decommissioned meanwhile", async () => {
  let reply: HookReply = { status: 503, detail: "answered 503" };
  const scene = await createScene(() => reply);
  scene.gateway.pins = { [OLD]: 0 };
  for (let hour = 0; hour < 6; hour += 1) await scene.pass(HOUR);
  expect(scene.posted.length).toBeGreaterThan(2);
  expect(new Set(scene.posted.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect((await scene.release())?.retirement).toMatchObject({
    stage: "scaledDown",
    waitsFor: ["the hook of http://127.0.0.1:1 to agree that it is scaled down"],
  });
  reply = AGREES;
  await scene.pass(HOUR);
  expect((await scene.release())?.status).toBe("Decommissioned");
});

test("no hook is called before every gateway holds a table without the routes", async () => {
  const scene = await createScene();
  scene.gateway.pins = { [OLD]: 0 };
  await scene.pass(HOUR);
  scene.gateway.isDeaf = true;
  await scene.pass(HOUR);
  expect(await scene.release()).toMatchObject({ retirement: { stage: "scaledDown" } });
  expect(scene.posted).toEqual([]);
  scene.gateway.isDeaf = false;
  const { revision } = scene.gateway.tables.at(-1) ?? {};
  await post(scene.server, "/v1/gateways/gw-1/acks", { revision, appliedAt: 0 });
  await scene.pass(1000);
  expect(scene.posted).toHaveLength(1);
});

test("sessions that outlast the deadline are moved to the current release", async () => {
  const scene = await createScene();
  scene.gateway.pins = { [OLD]: 1 };
  await scene.pass(1000);
  await scene.pass(2 * HOUR);
  expect((await scene.release())?.retirement?.overdueSince).not.toBeNull();
  expect(await get(scene.server, "/v1/agents/support/moves")).toMatchObject([
    { from: { version: "2.3.0" }, to: { version: "2.3.1" }, mode: "evict", actor: "controller" },
  ]);
});

test("a rollback takes the baseline out of its drain, and a server that starts anew goes on from the same place", async () => {
  const scene = await createScene();
  scene.gateway.pins = { [OLD]: 0, [NEW]: 1 };
  await scene.pass(1000);
  expect((await scene.release())?.status).toBe("Drained");
  scene.server = await scene.world.start();
  scene.gateway = await connectGateway(scene.server);
  scene.gateway.pins = { [OLD]: 0, [NEW]: 1 };
  expect((await scene.release())?.status).toBe("Drained");
  await post(scene.server, "/v1/rollouts/support-2-3-1/rollback", {});
  await scene.pass(1000);
  expect(await scene.release()).toMatchObject({ status: "Current", retirement: null });
  expect(await scene.release(NEW)).toMatchObject({ status: "Draining", retirement: { stage: "draining" } });
});
