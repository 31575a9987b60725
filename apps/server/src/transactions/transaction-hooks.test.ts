import { createMemoryHookSender, createMemoryTransactionStore } from "@perch/adapters/in-memory";
import { agentViewSchema } from "@perch/api";
import {
  digestOf,
  parseAgentName,
  type Digest,
  type HookReply,
  type HookRequest,
  type ReleaseFactsSource,
  type TransactionStore,
} from "@perch/domain";
import { describe, expect, test } from "vitest";
import { connectGateway, createStage, get, post, startRollout, tick, YAML } from "../it/stage.ts";

const [OLD, NEW] = [digestOf("2.3.0"), digestOf("2.3.1")];
const SUPPORT = parseAgentName("support");
const HOUR = 3_600_000;
const AGREES: HookReply = { status: 204, detail: "answered 204" };
const REFUSES: HookReply = { status: 503, detail: "answered 503" };
const REFUND = { cancel: "http://127.0.0.1:9/cancel", transfer: "http://127.0.0.1:9/transfer" };

const FACTS: ReleaseFactsSource = {
  async read(reference) {
    const digest = reference.kind === "digest" ? reference.digest : digestOf(reference.version);
    const tool = { parameters: true, parametersDigest: digestOf("any"), effect: "write" as const };
    const tools = [
      { ...tool, name: "refund", lifecycle: REFUND },
      { ...tool, name: "book", lifecycle: { cancel: null, transfer: null } },
    ];
    return { digest, model: null, tools };
  },
};

type Setting = { reply?: (request: HookRequest) => HookReply; drain?: string; transactions?: TransactionStore };

/** A promotion has just left 2.3.0 behind; nobody is pinned to it any more. */
async function createScene({
  reply = () => AGREES,
  drain = "openTransactions: { onDeadline: cancel }",
  ...rest
}: Setting) {
  const { transactions = createMemoryTransactionStore() } = rest;
  const { sender, posted } = createMemoryHookSender(reply);
  const settings = { channels: [], console: null, secrets: [] };
  const stage = await createStage({ sender, settings }, { facts: FACTS, transactions });
  const { world } = stage;
  const plan = `  rollback: { window: { duration: 30m }, requireHealthyTarget: false }
  promotion: { bakeTime: 10m }
  drain: { deadline: 2h, ${drain} }
  steps:`;
  await startRollout(world, stage.server, YAML.replace("  steps:", plan));
  await post(stage.server, "/v1/rollouts/support-2-3-1/promote", {});
  const scene = {
    ...stage,
    posted,
    transactions,
    async pass(ms: number): Promise<void> {
      scene.gateway.pins = { [OLD]: 0 };
      await tick(world, scene.server, ms);
      for (let count = 0; count < 2; count += 1) await scene.server.countPins();
      for (let count = 0; count < 2; count += 1) {
        await tick(world, scene.server);
        await scene.server.hooksSettled();
      }
      await scene.server.countPins();
      await tick(world, scene.server);
    },
    /** Another server takes over, as after a crash. */
    async restart(): Promise<void> {
      scene.server = await world.start();
      scene.gateway = await connectGateway(scene.server);
    },
    async open(...ids: readonly string[]): Promise<void> {
      const whole = { agent: "support", tool: "refund", session: "s-1", state: "open", release: OLD, at: 1000 };
      const reports = ids.map((id) => ({ ...whole, ...(id.startsWith("book") && { tool: "book" }), id }));
      await post(scene.server, "/v1/transactions", { transactions: reports });
    },
    async release(digest = OLD) {
      const { releases } = agentViewSchema.parse(await get(scene.server, "/v1/agents/support"));
      return releases.find(({ release }) => release.digest === digest);
    },
    async entries(): Promise<readonly string[]> {
      const entries = await world.ledger.readAll(0);
      return entries.map(({ type }) => type).filter((type) => /drain|transaction/i.test(type));
    },
    openOf: async (release: Digest) =>
      (await transactions.open({ agent: SUPPORT, release, limit: 100, after: null })).map(({ id }) => id),
  };
  return scene;
}

const idsOf = (posted: readonly HookRequest[]) => new Set(posted.map(({ headers }) => headers["webhook-id"]));

describe("what is open at the deadline", () => {
  test("is cancelled by its tool's endpoint, which is asked until it agrees; then the release has drained", async () => {
    let reply = REFUSES;
    const scene = await createScene({ reply: () => reply });
    await scene.open("r-1");
    await scene.pass(1000);
    expect([(await scene.release())?.status, scene.posted.length]).toEqual(["Draining", 0]);
    await scene.pass(2 * HOUR);
    expect((await scene.release())?.retirement?.openTransactions).toMatchObject({
      count: 1,
      oldest: [{ id: "r-1", call: { action: "cancel", standing: "refused", detail: "answered 503" } }],
    });
    await scene.pass(HOUR);
    expect(scene.posted.length).toBeGreaterThan(1);
    expect(idsOf(scene.posted).size).toBe(1);
    expect(new Set(scene.posted.map(({ body }) => body)).size).toBe(1);
    expect(JSON.parse(scene.posted[0]?.body ?? "")).toEqual({
      type: "transaction.cancel",
      timestamp: expect.stringContaining("T"),
      data: {
        agent: "support",
        release: { digest: OLD, version: "2.3.0" },
        rollout: "support-2-3-1",
        tool: "refund",
        id: "r-1",
        session: "s-1",
        openedAt: "1970-01-01T00:00:01.000Z",
      },
    });
    expect(scene.posted[0]?.url).toBe(REFUND.cancel);
    reply = AGREES;
    await scene.pass(HOUR);
    expect([(await scene.release())?.status, await scene.openOf(OLD)]).toEqual(["Drained", []]);
    expect(await scene.entries()).toEqual([
      "drainStarted",
      "drainOverdue",
      "transactionHookCalled",
      "transactionHookRefused",
      "transactionHookAgreed",
      "releaseDrained",
    ]);
  });

  test("is handed over to the current release, whose it is from then on", async () => {
    const scene = await createScene({ drain: "openTransactions: { onDeadline: transfer, hook: tool.transfer }" });
    await scene.open("r-1");
    await scene.pass(1000);
    await scene.pass(2 * HOUR);
    expect(scene.posted.map(({ url }) => url)).toEqual([REFUND.transfer]);
    expect(JSON.parse(scene.posted[0]?.body ?? "")).toMatchObject({
      type: "transaction.transfer",
      data: { to: { digest: NEW, version: "2.3.1" } },
    });
    expect([await scene.openOf(OLD), await scene.openOf(NEW)]).toEqual([[], ["r-1"]]);
    expect((await scene.release())?.status).toBe("Drained");
  });

  test("is called off together with the sessions where the file says so", async () => {
    const scene = await createScene({ drain: "onDeadline: cancel" });
    await scene.open("r-1");
    await scene.pass(1000);
    await scene.pass(2 * HOUR);
    expect(scene.posted).toHaveLength(1);
    expect(await get(scene.server, "/v1/agents/support/moves")).toMatchObject([{ mode: "evict", actor: "controller" }]);
  });

  test("is waited for where the file says so, or says nothing", async () => {
    for (const drain of ["openTransactions: { onDeadline: wait }", "onDeadline: migrate"]) {
      const scene = await createScene({ drain });
      await scene.open("r-1");
      await scene.pass(1000);
      await scene.pass(9 * HOUR);
      expect([scene.posted.length, (await scene.release())?.status]).toEqual([0, "Draining"]);
    }
  });

  test("of a tool without an endpoint is waited for, said so, and holds up nothing but the drain", async () => {
    const scene = await createScene({});
    await scene.open("book-1", "r-1");
    await scene.pass(1000);
    await scene.pass(2 * HOUR);
    expect(scene.posted).toHaveLength(1);
    expect(await scene.openOf(OLD)).toEqual(["book-1"]);
    expect((await scene.release())?.retirement?.openTransactions?.oldest).toMatchObject([
      { call: { standing: "refused", detail: "book declares no lifecycle.cancel" } },
    ]);
    const closing = { agent: "support", tool: "book", id: "book-1", state: "closed" };
    await post(scene.server, "/v1/transactions", { transactions: [closing] });
    await scene.pass(1000);
    expect((await scene.release())?.status).toBe("Drained");
  });

  test("is all ended, some at a time, however many there are", async () => {
    const ids = Array.from({ length: 450 }, (_, index) => `r-${String(index).padStart(3, "0")}`);
    const scene = await createScene({});
    await scene.open(...ids);
    await scene.pass(1000);
    await scene.pass(2 * HOUR);
    expect([await scene.openOf(OLD), idsOf(scene.posted).size, scene.posted.length]).toEqual([[], 450, 450]);
    expect((await scene.release())?.status).toBe("Drained");
  });

  test("that is of another release, or of one that is not known, is nobody's to end", async () => {
    const scene = await createScene({});
    const other = { agent: "support", tool: "refund", session: "s-2", state: "open" };
    const reports = [
      { ...other, id: "new", release: NEW },
      { ...other, id: "unknown" },
    ];
    await post(scene.server, "/v1/transactions", { transactions: reports });
    await scene.pass(1000);
    await scene.pass(3 * HOUR);
    expect([scene.posted.length, (await scene.release())?.status]).toEqual([0, "Draining"]);
    expect((await scene.release())?.retirement?.openTransactions?.oldest).toMatchObject([
      { id: "unknown", isOfUnknownRelease: true },
    ]);
  });
});

describe("a server that takes over", () => {
  test("goes on with a call that was refused, under the same id", async () => {
    let reply = REFUSES;
    const scene = await createScene({ reply: () => reply });
    await scene.open("r-1");
    await scene.pass(1000);
    await scene.pass(2 * HOUR);
    await scene.restart();
    reply = AGREES;
    await scene.pass(HOUR);
    await scene.pass(1000);
    expect(idsOf(scene.posted).size).toBe(1);
    expect([(await scene.release())?.status, await scene.openOf(OLD)]).toEqual(["Drained", []]);
  });

  test.each(["drainOverdue", "transactionHookCalled", "transactionHookAgreed", "releaseDrained"])(
    "finishes what another one left that died before it recorded %s, and repeats no call under another id",
    async (entry) => {
      const scene = await createScene({});
      await scene.open("r-1", "r-2");
      await scene.pass(1000);
      scene.world.faults.refusedEntry = entry;
      await scene.pass(2 * HOUR);
      expect((await scene.release())?.status).toBe("Draining");
      await scene.restart();
      scene.world.faults.refusedEntry = null;
      await scene.pass(HOUR);
      await scene.pass(1000);
      expect([(await scene.release())?.status, await scene.openOf(OLD)]).toEqual(["Drained", []]);
      expect(idsOf(scene.posted).size).toBe(2);
      const agreed = (await scene.entries()).filter((type) => type === "transactionHookAgreed");
      expect(agreed).toHaveLength(2);
    },
  );

  test("closes what was agreed to before the other one died, and asks nobody again", async () => {
    const memory = createMemoryTransactionStore();
    let isDead = false;
    const transactions: TransactionStore = {
      ...memory,
      async record(reports) {
        if (isDead) throw new Error("died");
        return await memory.record(reports);
      },
    };
    const scene = await createScene({ transactions });
    await scene.open("r-1");
    await scene.pass(1000);
    isDead = true;
    await scene.pass(2 * HOUR);
    expect([await scene.openOf(OLD), scene.posted.length]).toEqual([["r-1"], 1]);
    isDead = false;
    await scene.restart();
    await scene.pass(HOUR);
    expect([await scene.openOf(OLD), scene.posted.length]).toEqual([[], 1]);
  });
});
