import { createMemoryLedger, createMemoryServerState, createMemoryTraceStore } from "@perch/adapters/in-memory";
import { createLog } from "@perch/adapters/json-log";
import { ledgerEntrySchema, moveViewSchema, problemSchema } from "@perch/api";
import {
  compareRevisions,
  DEFAULT_EXTRACTORS,
  digestOf,
  parseAgentName,
  parseGatewayId,
  parseRolloutId,
  parseRolloutSpec,
  parseSessionId,
  type Digest,
  type GatewayId,
  type MoveOrder,
  type ReleaseContent,
  type RolloutPlan,
  type RoutingTable,
} from "@perch/domain";
import { aMoveRecord, aReleaseContent, type JsonDocument } from "@perch/testkit";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { answerError } from "../api/problem.ts";
import { openBook, type Book } from "../controller/book.ts";
import { createPublisher } from "../controller/publisher.ts";
import { createGatewayHub } from "../gateways/hub.ts";
import { longestLifeMs } from "../gateways/known-gateway.ts";
import { beginMove, followMoves, type FollowMovesDeps } from "./follow-moves.ts";
import { createMoveReports } from "./move-reports.ts";
import { createMoveRoutes } from "./move-routes.ts";

const agent = parseAgentName("support");
const gateway = parseGatewayId("gw-1");
const releases = [
  { digest: digestOf("old"), version: "2.3.0" },
  { digest: digestOf("new"), version: "2.3.1" },
] as const;
const [old, fresh] = releases;
const IDLE_MS = 60_000;

type Memory = JsonDocument | null;

/** A server's moves on real parts, with a clock that only the test moves. */
async function createWorld(memory: readonly [Memory, Memory] = [null, null]) {
  let now = 1_000_000;
  const ledger = createMemoryLedger();
  const traces = createMemoryTraceStore();
  const log = createLog(
    () => {},
    () => now,
  );
  const state = createMemoryServerState();
  const hub = await createGatewayHub({
    now: () => now,
    tick: () => now,
    term: { epoch: 1, isInForce: () => true },
    state,
    leaseMs: 10_000,
    log,
  });
  const defaults = {
    idleTimeoutMs: IDLE_MS,
    leaseMs: 10_000,
    sessionExtractors: DEFAULT_EXTRACTORS,
    sessionLearners: [],
    places: new Map(),
  };
  const publisher = createPublisher({ book: () => book, hub, defaults, now: () => now });
  const book: Book = await openBook({ ledger, epoch: () => 0, onRecorded: () => publisher.publish() });
  await deployBoth(book);
  const contents = { read: async (wanted: unknown) => contentOf(wanted, memory) };
  const moving: FollowMovesDeps = {
    book,
    contents,
    log,
    reports: createMoveReports({ hub, publisher }),
    idleTimeoutMs: () => IDLE_MS,
    now: () => now,
  };
  const follow = (): Promise<void> => followMoves(moving);
  const app = new Hono().onError((error, context) => answerError(context, error, log));
  app.route("/", createMoveRoutes({ ...moving, sessions: traces.sessions, onReport: follow }));

  async function send(method: string, path: string, body: unknown): Promise<unknown> {
    const answer = await app.request(path, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    return text === "" ? null : JSON.parse(text);
  }

  return {
    book,
    traces,
    follow,
    /** As a pass does that began before another one had recorded it. */
    begin: (order: MoveOrder) => beginMove(agent, { order, actor: "controller", reason: "" }, moving),
    ledger: async () => ledgerEntrySchema.array().parse(await ledger.read("agent/support")),
    pass: (ms: number) => {
      now += ms;
    },
    now: () => now,
    ask: (change: object = {}) =>
      send("POST", "/v1/agents/support/moves", { from: "2.3.1", to: "2.3.0", actor: "test", reason: "bad", ...change }),
    cancel: (id: string) => send("DELETE", `/v1/agents/support/moves/${id}`, { actor: "test", reason: "" }),
    moves: async () => moveViewSchema.array().parse(await (await app.request("/v1/agents/support/moves")).json()),
    moved: async (query: string) => (await app.request(`/v1/agents/support/moved?${query}`)).json(),
    connect(name: GatewayId = gateway) {
      const tables: RoutingTable[] = [];
      const disconnect = hub.connect(name, null, (event) => {
        if (event.event !== "table") return;
        tables.push(event.data);
        void hub.acknowledge(name, event.data.revision);
      });
      const present = () =>
        tables.toSorted((a, b) => compareRevisions(b.revision, a.revision))[0]?.agents[0]?.moves ?? [];
      const report = (pinned: number | null, { isReady = true, store = "store-1" } = {}) =>
        send("POST", `/v1/gateways/${name}/moves`, {
          store,
          moves: present().map(({ id, phase }) => ({ agent, move: id, phase, isReady, pinned })),
        });
      return { present, report, disconnect };
    },
  };
}

async function deployBoth(book: Book): Promise<void> {
  const policy = { escalationTools: [], successTools: [] };
  for (const [index, release] of releases.entries()) {
    await book.recordAgent(agent, () => ({ type: "releaseAdmitted", at: 1, release, policy, signedBy: [] }));
    const url = `http://127.0.0.1:${index + 1}`;
    const { digest } = release;
    await book.recordAgent(agent, () => ({
      type: "deploymentRegistered",
      at: 1,
      release: digest,
      url,
      replaces: true,
    }));
  }
}

function contentOf(wanted: unknown, [first, second]: readonly [Memory, Memory]): ReleaseContent {
  const isOld = typeof wanted === "object" && wanted !== null && "digest" in wanted && wanted.digest === old.digest;
  const memory = isOld ? first : second;
  return aReleaseContent({ version: isOld ? "2.3.0" : "2.3.1", ...(memory === null ? {} : { memory }) });
}

const memoryOf = (type: string): JsonDocument => ({
  schema: {
    format: "json-schema",
    definition: { type: "object", properties: { name: { type } }, required: ["name"] },
  },
  store: { driver: "sqlite" },
});

async function rolledBack(world: { book: Book; now: () => number }, rollback: JsonDocument) {
  const spec = {
    agent: "support",
    release: "2.3.1",
    rollback,
    steps: [{ setWeight: 5 }],
    analysis: { gates: [{ name: "error-rate", kind: "proportion" }] },
  };
  const parsed = parseRolloutSpec({ apiVersion: "perch.dev/v1", kind: "Rollout", metadata: { name: "r" }, spec });
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  const id = await begun(world, parsed.plan);
  await world.book.record(id, { type: "rollbackRequested", at: world.now(), actor: "test", reason: "bad" });
  return id;
}

async function begun({ book, now }: { book: Book; now: () => number }, plan: RolloutPlan) {
  const id = parseRolloutId("r");
  const at = now();
  await book.start(() => ({
    type: "applied",
    at,
    actor: "test",
    rollout: id,
    plan,
    seed: "s",
    forcedBecause: "",
    isSynthetic: false,
    baseline: old,
    canary: fresh,
  }));
  await book.record(id, { type: "timePassed", at });
  await book.record(id, { type: "prepared", at, references: {} });
  return id;
}

const codeOf = (answer: unknown): string => problemSchema.parse(answer).error.code;
const digests = (list: readonly { from: Digest; to: Digest }[]) => list.map(({ from, to }) => [from, to]);

test("a move is prepared until every gateway watches its sessions, and only then open", async () => {
  const world = await createWorld();
  const [one, two] = [world.connect(), world.connect(parseGatewayId("gw-2"))];
  await world.ask();
  expect(digests(one.present())).toEqual([[fresh.digest, old.digest]]);
  await one.report(3);
  expect(one.present().map(({ phase }) => phase)).toEqual(["prepared"]);
  await two.report(3, { isReady: false });
  expect(one.present().map(({ phase }) => phase)).toEqual(["prepared"]);
  await two.report(3);
  expect(two.present().map(({ phase }) => phase)).toEqual(["open"]);
});

test("a gateway that is gone holds a move up until its lease is over, and no longer", async () => {
  const world = await createWorld();
  const [one, two] = [world.connect(), world.connect(parseGatewayId("gw-2"))];
  two.disconnect();
  await world.ask();
  await one.report(3);
  expect(one.present().map(({ phase }) => phase)).toEqual(["prepared"]);
  world.pass(longestLifeMs(10_000));
  await world.follow();
  expect(one.present().map(({ phase }) => phase)).toEqual(["open"]);
});

test("a gateway that dies between its acknowledgement and its report holds a move up no longer than its lease", async () => {
  const world = await createWorld();
  const [one, two] = [world.connect(), world.connect(parseGatewayId("gw-2"))];
  await world.ask();
  two.disconnect();
  await one.report(3);
  expect(one.present().map(({ phase }) => phase)).toEqual(["prepared"]);
  world.pass(longestLifeMs(10_000));
  await one.report(3);
  expect(one.present().map(({ phase }) => phase)).toEqual(["open"]);
});

test("what a gateway that is gone has left is known only when another one reads the same store", async () => {
  const world = await createWorld();
  const [one, two] = [world.connect(), world.connect(parseGatewayId("gw-2"))];
  await world.ask();
  for (const each of [one, two]) await each.report(1);
  await two.report(1, { store: "store-2" });
  two.disconnect();
  world.pass(longestLifeMs(10_000));
  await one.report(0);
  expect(await world.moves()).toMatchObject([{ standing: "open", pinned: null }]);
  await two.report(1);
  expect(await world.moves()).toMatchObject([{ standing: "closed", outcome: "finished" }]);
});

test("a move without any gateway stays prepared", async () => {
  const world = await createWorld();
  await world.ask();
  await world.follow();
  expect(await world.moves()).toMatchObject([{ standing: "prepared", pinned: null }]);
});

test("a move ends when nobody is pinned to the old release, and is forgotten when what clients keep is out of time", async () => {
  const world = await createWorld();
  const one = world.connect();
  await world.ask();
  await one.report(0);
  expect(one.present().map(({ phase }) => phase)).toEqual(["open"]);
  await one.report(2);
  expect(await world.moves()).toMatchObject([{ standing: "open", pinned: 2 }]);
  await one.report(null);
  expect(await world.moves()).toMatchObject([{ standing: "open", pinned: null }]);
  await one.report(0);
  expect(one.present().map(({ phase }) => phase)).toEqual(["closed"]);
  expect(await world.moves()).toMatchObject([{ standing: "closed", outcome: "finished" }]);
  world.pass(1.3 * IDLE_MS);
  await world.follow();
  expect(one.present()).toEqual([]);
  expect(await world.moves()).toMatchObject([{ standing: "past", outcome: "finished" }]);
});

test("what gateways of one store count is one count, what those of two stores count is added up", async () => {
  const world = await createWorld();
  const [one, two] = [world.connect(), world.connect(parseGatewayId("gw-2"))];
  await world.ask();
  for (const each of [one, two]) await each.report(5);
  await one.report(5);
  expect(await world.moves()).toMatchObject([{ pinned: null }]);
  await two.report(4);
  expect(await world.moves()).toMatchObject([{ pinned: 5 }]);
  await two.report(4, { store: "store-2" });
  expect(await world.moves()).toMatchObject([{ pinned: 9 }]);
});

test("a cancelled move moves nobody any more, and a second cancel is refused", async () => {
  const world = await createWorld();
  const one = world.connect();
  const { id } = moveViewSchema.parse(await world.ask());
  expect(await world.cancel(id)).toMatchObject({
    standing: "closed",
    outcome: "cancelled",
    because: "cancelled by test",
  });
  expect(one.present().map(({ phase }) => phase)).toEqual(["closed"]);
  expect(codeOf(await world.cancel(id))).toBe("not_possible_now");
  expect(codeOf(await world.cancel("support.move-9"))).toBe("unknown_move");
});

test("a move in the other direction ends the first, so that no session goes in a circle", async () => {
  const world = await createWorld();
  const one = world.connect();
  await world.ask();
  await world.ask({ from: "2.3.0", to: "2.3.1", session: "s-1" });
  expect(one.present().map(({ id, phase }) => [id, phase])).toEqual([
    ["support.move-1", "closed"],
    ["support.move-2", "prepared"],
  ]);
});

test.each<[string, object, string]>([
  ["from a release that new sessions still get", { from: "2.3.0", to: "2.3.1" }, "not_possible_now"],
  ["from a release to itself", { to: "2.3.1" }, "not_possible_now"],
  ["to a release that was never admitted", { to: "9.9.9" }, "release_not_of_agent"],
  ["to where no pointer stands", { to: "stable" }, "unknown_pointer"],
  ["at a boundary that is never reached", { boundary: { header: false, idleMs: null } }, "not_possible_now"],
  ["of a session whose name cannot be one", { session: "a b" }, "id_malformed"],
  ["by a mode that a person cannot ask for", { mode: "autoUpgrade" }, "body_malformed"],
])("refuses a move %s", async (_, change, code) => {
  const world = await createWorld();
  expect(codeOf(await world.ask(change))).toBe(code);
  expect(await world.moves()).toEqual([]);
});

test("where memory does not go along a move is held, on record and with the reason; an eviction is not", async () => {
  const world = await createWorld([memoryOf("string"), memoryOf("number")]);
  const one = world.connect();
  const answer = problemSchema.parse(await world.ask());
  expect(answer.error).toMatchObject({ code: "memory_incompatible", message: expect.stringContaining("name") });
  expect(await world.moves()).toMatchObject([{ standing: "held", because: expect.stringContaining("drain instead") }]);
  expect((await world.ledger()).at(-1)?.type).toBe("moveHeld");
  expect(one.present()).toEqual([]);
  expect(await world.ask({ mode: "evict" })).toMatchObject({ memoryProblems: [expect.stringContaining("name")] });
  expect(one.present()).toHaveLength(1);
});

test("memory that the other release reads goes along", async () => {
  const world = await createWorld([memoryOf("string"), memoryOf("string")]);
  expect(await world.ask()).toMatchObject({ standing: "prepared", memoryProblems: [] });
});

test("every step of a move is an entry of the agent's ledger", async () => {
  const world = await createWorld();
  const one = world.connect();
  await world.ask();
  await one.report(1);
  await one.report(0);
  const entries = (await world.ledger()).filter(({ type }) => type.startsWith("move"));
  expect(entries.map(({ type }) => type)).toEqual(["moveRequested", "moveOpened", "moveEnded"]);
  expect(entries[0]?.body).toMatchObject({
    actor: "test",
    reason: "bad",
    order: { mode: "migrate", from: fresh.digest },
  });
});

test.each(["migrate", "evict"])(
  "a rollback with pinnedSessions: %s moves the canary's sessions to the baseline",
  async (mode) => {
    const world = await createWorld();
    const one = world.connect();
    await rolledBack(world, { pinnedSessions: mode });
    await world.follow();
    await world.follow();
    expect(one.present()).toMatchObject([
      { id: "r.rollback", mode, from: fresh.digest, to: old.digest, session: null },
    ]);
    expect(await world.moves()).toMatchObject([
      { rollout: "r", actor: "controller", reason: `rollback policy: ${mode}` },
    ]);
  },
);

test("a move that two passes want at once does not take its own place", async () => {
  const world = await createWorld();
  world.connect();
  await rolledBack(world, { pinnedSessions: "evict" });
  await world.follow();
  const [move] = world.book.agent(agent)?.moves ?? [];
  if (move === undefined) throw new Error("no move");
  await world.begin(move);
  expect(await world.moves()).toMatchObject([{ rollout: "r", outcome: null }]);
});

test("a rollback that drains moves nobody", async () => {
  const world = await createWorld();
  const one = world.connect();
  await rolledBack(world, {});
  await world.follow();
  expect(one.present()).toEqual([]);
});

test("after a promotion with AutoUpgrade the old baseline's sessions go along, until the promotion is rolled back", async () => {
  const world = await createWorld();
  const one = world.connect();
  const spec = {
    agent: "support",
    release: "2.3.1",
    steps: [{ setWeight: 5 }],
    pins: { versioningBehavior: "AutoUpgrade", safeBoundary: { header: true, idle: "2m" } },
    analysis: { gates: [{ name: "error-rate", kind: "proportion" }] },
  };
  const parsed = parseRolloutSpec({ apiVersion: "perch.dev/v1", kind: "Rollout", metadata: { name: "r" }, spec });
  if (parsed.kind === "invalid") throw new Error("invalid");
  const id = await begun(world, parsed.plan);
  await world.follow();
  expect(one.present()).toEqual([]);
  await world.book.record(id, { type: "promoteRequested", at: world.now(), actor: "test", reason: "" });
  await world.follow();
  expect(one.present()).toMatchObject([
    {
      id: "r.upgrade",
      mode: "autoUpgrade",
      from: old.digest,
      to: fresh.digest,
      boundary: { header: true, idleMs: 120_000 },
    },
  ]);
  await world.book.record(id, { type: "rollbackRequested", at: world.now(), actor: "test", reason: "" });
  await world.follow();
  expect(one.present()).toMatchObject([{ id: "r.upgrade", phase: "closed" }]);
});

test("who was moved can be asked by move and by session", async () => {
  const world = await createWorld();
  const { id } = moveViewSchema.parse(await world.ask());
  const record = aMoveRecord({ move: id as never, session: parseSessionId("s-1") });
  await world.traces.store.appendMoves([record, aMoveRecord({ id: "move-2" })]);
  expect(await world.moved(`move=${id}`)).toEqual([record]);
  expect(await world.moved("session=s-1")).toEqual([record]);
  expect(await world.moves()).toMatchObject([{ moved: 1 }]);
});
