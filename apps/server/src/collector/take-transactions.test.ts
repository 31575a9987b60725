import { createMemoryTraceStore, createMemoryTransactionStore } from "@perch/adapters/in-memory";
import {
  advanceAgent,
  digestOf,
  newAgent,
  parseAgentName,
  parseSessionId,
  type AgentName,
  type Digest,
  type TransactionStore,
} from "@perch/domain";
import { aTurnRecord } from "@perch/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { createTransactions } from "../transactions/create-transactions.ts";
import { createIntake } from "./intake.ts";
import { createCollectorRoutes } from "./routes.ts";

const [SUPPORT, SALES] = [parseAgentName("support"), parseAgentName("sales")];
const [OLD, OFFER] = [digestOf("support 2.3.0"), digestOf("sales 1.0.0")];
const OPEN = { agent: "support", tool: "refund", id: "r-1", state: "open", session: "s-1", release: OLD };
const TURN = aTurnRecord({
  id: "turn-1",
  session: parseSessionId("s-1"),
  agent: SUPPORT,
  release: OLD,
  startedAt: 1000,
});

let transactions: TransactionStore;
let traces: ReturnType<typeof createMemoryTraceStore>;
let isBroken: boolean;
let agents: readonly [AgentName, Digest][];

beforeEach(() => {
  [transactions, traces, isBroken] = [createMemoryTransactionStore(), createMemoryTraceStore(), false];
  agents = [
    [SUPPORT, OLD],
    [SALES, OFFER],
  ];
});

function recordOf([agent, digest]: readonly [AgentName, Digest]) {
  const policy = { escalationTools: [], successTools: [] };
  const release = { digest, version: "1.0.0" };
  return advanceAgent(newAgent(agent), { type: "releaseAdmitted", at: 0, release, policy, signedBy: [] });
}

function aCollector() {
  const store: TransactionStore = {
    ...transactions,
    async record(reports) {
      if (isBroken) throw new Error("disk full");
      return await transactions.record(reports);
    },
  };
  const book = { agents: () => agents.map(recordOf) };
  const followed = createTransactions({
    book,
    sessions: traces.sessions,
    store,
    now: () => 5000,
    log: { warn: () => {} },
  });
  const intake = createIntake({
    store: traces.store,
    transactions: followed,
    assembler: { noteTurns: () => undefined, noteSpans: () => undefined },
    onShadowTurns: () => undefined,
    sentiment: { scoreOf: () => 0 },
    now: () => 5000,
  });
  return { followed, routes: createCollectorRoutes(intake) };
}

async function post(path: string, body: unknown, { routes } = aCollector()) {
  const headers = { "content-type": "application/json" };
  const response = await routes.request(path, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, body: await response.json() };
}

const report = (...all: readonly object[]) => post("/v1/transactions", { transactions: all });
const openOf = (agent = SUPPORT, release: Digest | null = OLD) =>
  transactions.open({ agent, release, limit: 10, after: null });

describe("POST /v1/transactions", () => {
  test("opens and closes, each as often as it is sent", async () => {
    expect(await report(OPEN)).toEqual({ status: 200, body: { accepted: 1 } });
    expect(await report(OPEN, { ...OPEN, id: "r-2", at: 7 })).toEqual({ status: 200, body: { accepted: 2 } });
    expect((await openOf()).map(({ id, session, openedAt }) => [id, session, openedAt])).toEqual([
      ["r-2", "s-1", 7],
      ["r-1", "s-1", 5000],
    ]);
    const closing = { agent: "support", tool: "refund", id: "r-2", state: "closed" };
    expect(await report(closing)).toEqual({ status: 200, body: { accepted: 1 } });
    expect(await report(closing, { ...OPEN, id: "r-2" })).toEqual({ status: 200, body: { accepted: 2 } });
    expect((await openOf()).map(({ id }) => id)).toEqual(["r-1"]);
  });

  test("refuses an id that another session's has, and stores nothing of the post", async () => {
    await report(OPEN);
    const refused = await report({ ...OPEN, id: "r-9" }, { ...OPEN, session: "s-2" });
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "id_reused" } } });
    expect(JSON.stringify(refused.body)).toContain("of refund for s-2, where s-1 had it before");
    expect((await openOf()).map(({ id }) => id)).toEqual(["r-1"]);
  });

  test.each([
    ["an unknown state", { state: "begun" }, "transactions[0].state"],
    ["no session to open it", { session: undefined }, "transactions[0].session"],
    ["an id that is none", { id: "two\nlines" }, "transactions[0].id: found"],
    ["a release that is no digest", { release: "2.3.0" }, "transactions[0].release: found"],
    ["an unknown field", { sesion: "s-1" }, "sesion"],
    ["an agent that nobody deployed", { agent: "tickets", release: null }, "expected one of support, sales"],
    ["a release of another agent", { release: OFFER }, "found a release of sales, expected one of support"],
    ["nobody's at all", { agent: null, release: null, session: "s-7" }, "found neither a known release nor an agent"],
  ])("refuses %s, says where, and stores nothing", async (_, change, problem) => {
    const refused = await report({ ...OPEN, id: "r-0" }, OPEN).then(() => report({ ...OPEN, ...change }, OPEN));
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain(problem);
    expect(await openOf(SALES, OFFER)).toEqual([]);
  });

  test("finds out whose it is by the release, by the session's turns, or since there is one agent only", async () => {
    expect((await report({ ...OPEN, agent: null })).status).toBe(200);
    await traces.store.appendTurns([TURN]);
    expect((await report({ ...OPEN, agent: null, release: null, id: "r-2" })).status).toBe(200);
    agents = agents.slice(0, 1);
    expect((await report({ ...OPEN, agent: null, release: null, session: "s-7", id: "r-3" })).status).toBe(200);
    expect((await openOf()).map(({ id }) => id)).toEqual(["r-1"]);
    expect((await openOf(SUPPORT, null)).map(({ id }) => id)).toEqual(["r-2", "r-3"]);
  });

  test("is not acknowledged while it cannot be kept, and may be sent again", async () => {
    isBroken = true;
    expect(await report(OPEN)).toMatchObject({ status: 503, body: { error: { code: "store_failed" } } });
    isBroken = false;
    expect((await report(OPEN)).status).toBe(200);
  });
});

describe("how many are open", () => {
  test("counts one of an unknown release for every release, until a turn of its session tells", async () => {
    const collector = aCollector();
    await post("/v1/transactions", { transactions: [{ ...OPEN, release: null, at: 1500 }] }, collector);
    await collector.followed.refresh();
    expect([collector.followed.openFor(SUPPORT, OLD), collector.followed.openFor(SUPPORT, OFFER)]).toEqual([1, 1]);
    await traces.store.appendTurns([TURN]);
    await collector.followed.refresh();
    expect([collector.followed.openFor(SUPPORT, OLD), collector.followed.openFor(SUPPORT, OFFER)]).toEqual([1, 0]);
    const lists = await collector.followed.list(SUPPORT, [OLD, OFFER], 5);
    expect(lists?.get(OLD)).toMatchObject({ count: 1, oldest: [{ id: "r-1" }] });
    expect(lists?.get(OFFER)).toEqual({ count: 0, oldest: [] });
  });

  test("is not known while the store cannot be counted", async () => {
    const collector = aCollector();
    expect(collector.followed.openFor(SUPPORT, OLD)).toBeNull();
    await collector.followed.refresh();
    expect(collector.followed.openFor(SUPPORT, OLD)).toBe(0);
    const broken = createTransactions({
      book: { agents: () => [] },
      sessions: traces.sessions,
      store: { ...transactions, openCounts: () => Promise.reject(new Error("away")) },
      now: () => 5000,
      log: { warn: () => {} },
    });
    await broken.refresh();
    expect(broken.openFor(SUPPORT, OLD)).toBeNull();
    expect(await broken.list(SUPPORT, [OLD], 5)).toBeNull();
  });
});

describe("what spans say of transactions", () => {
  const spanOf = (spanId: string, attributes: Readonly<Record<string, string>>) => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId,
    name: "execute_tool refund",
    startTimeUnixNano: "1000000000",
    endTimeUnixNano: "1005000000",
    attributes: Object.entries({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "refund",
      "perch.session.id": "s-1",
      "perch.release": OLD,
      ...attributes,
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  });
  const opening = { "perch.transaction.id": "r-1", "perch.transaction.state": "open" };
  const traced = (...spans: readonly object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

  test("is kept before the post is acknowledged, however often it is sent", async () => {
    const trace = traced(spanOf("b7ad6b7169203331", opening));
    isBroken = true;
    expect((await post("/v1/traces", trace)).status).toBe(503);
    isBroken = false;
    expect((await post("/v1/traces", trace)).status).toBe(200);
    expect((await post("/v1/traces", trace)).status).toBe(200);
    expect(await openOf()).toMatchObject([{ tool: "refund", id: "r-1", session: "s-1", openedAt: 1005 }]);
    await post("/v1/traces", traced(spanOf("00f067aa0ba902b7", { ...opening, "perch.transaction.state": "closed" })));
    expect(await openOf()).toEqual([]);
  });

  test("that cannot be kept is counted, and takes nothing else with it", async () => {
    const collector = aCollector();
    const spans = [
      spanOf("b7ad6b7169203331", opening),
      spanOf("b7ad6b7169203332", { ...opening, "perch.session.id": "s-2" }),
      spanOf("b7ad6b7169203333", { "perch.transaction.id": "r-2" }),
      spanOf("b7ad6b7169203334", { ...opening, "perch.release": OFFER, "perch.agent": "support" }),
    ];
    expect((await post("/v1/traces", traced(...spans), collector)).status).toBe(200);
    expect((await openOf()).map(({ id, session }) => [id, session])).toEqual([["r-1", "s-1"]]);
    const counters = await (await collector.routes.request("/v1/collector")).json();
    expect(counters).toMatchObject({ spansKept: 4, transactions: 1, transactionsRefused: 3 });
  });
});
