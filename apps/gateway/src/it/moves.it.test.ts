import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createRedisPinStore, openRedisConnection, parseRedisAddress } from "@perch/adapters/redis";
import { createSqlitePinStore, openGatewayDatabase } from "@perch/adapters/sqlite";
import type { RoutingTableMessage } from "@perch/api";
import { movePin, parseAgentName, parseGatewayId, parseSessionId, type Pin, type PinStore } from "@perch/domain";
import { aMove } from "@perch/testkit";
import { findRedisServer, startRedisServer, type RedisServer } from "@perch/testkit/servers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  call,
  cleanUp,
  open,
  readAll,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type Answer,
  type FakeAgent,
} from "./harness.ts";
import { BASELINE, CANARY, tableOf } from "./tables.ts";

type Move = RoutingTableMessage["agents"][number]["moves"][number];
type Turn = { readonly release: "old" | "new"; readonly session: string; readonly from: number; until: number };

const AGENT = parseAgentName("support");
const kinds = ["SQLite", "Redis"] as const;

/** Two gateways on one pin store, and two releases that write down every turn. */
async function createStage(kind: (typeof kinds)[number]) {
  const turns: Turn[] = [];
  const redis: RedisServer | null = kind === "Redis" ? await startRedisServer() : null;
  const server = await startServer();
  const [old, fresh] = [await startWriter("old", turns), await startWriter("new", turns)];
  const data = temporaryDirectory();
  const secret = join(data, "secret");
  writeFileSync(secret, "shared-by-both-gateways-0123456789");
  const flags = ["--server", server.url, "--pin-secret-file", secret, ...(redis === null ? [] : ["--pins", redis.url])];
  const directory = (name: string): string => (redis === null ? data : join(data, name));
  const start = (name: string) => startGateway(["--data", directory(name), "--id", name, ...flags]);
  const gateways = [await start("gw-1"), await start("gw-2")];
  return { kind, turns, redis, server, agents: { old, fresh }, gateways, start, data, sequence: 0 };
}

type Stage = Awaited<ReturnType<typeof createStage>>;

/** What agents have begun to answer and do not end before they are told to. */
const held = new Map<string, () => void>();

/**
 * Answers after `x-wait` ms, or with `x-hold` when the test lets go of that name; says about the boundary what `x-say` or,
 * behind the body, `x-say-later` says.
 */
async function startWriter(release: Turn["release"], turns: Turn[]): Promise<FakeAgent> {
  return await startAgent((request, response) => {
    const session = String(request.headers["x-session-id"]);
    const turn: Turn = { release, session, from: performance.now(), until: Number.POSITIVE_INFINITY };
    turns.push(turn);
    const { "x-say": say, "x-say-later": later, "x-wait": wait, "x-hold": hold } = request.headers;
    if (typeof say === "string") response.setHeader("x-perch-boundary", say);
    if (typeof later === "string") response.setHeader("trailer", "x-perch-boundary");
    const end = (): void => finish(response, turn, typeof later === "string" ? later : null);
    if (typeof hold === "string") held.set(hold, end);
    const timer = typeof hold === "string" ? undefined : setTimeout(end, Number(wait ?? 0));
    response.write(release);
    response.on("close", () => {
      clearTimeout(timer);
      turn.until = Math.min(turn.until, performance.now());
    });
  });
}

function finish(response: ServerResponse, turn: Turn, later: string | null): void {
  turn.until = performance.now();
  if (later !== null) response.addTrailers({ "x-perch-boundary": later });
  response.end();
}

type Said = {
  readonly say?: string;
  readonly later?: string;
  readonly wait?: number;
  readonly hold?: string;
  readonly pin?: string;
};

function headersOf(session: string, { say, later, wait, hold, pin }: Said) {
  return {
    "x-session-id": session,
    ...(say === undefined ? {} : { "x-say": say }),
    ...(later === undefined ? {} : { "x-say-later": later }),
    ...(wait === undefined ? {} : { "x-wait": String(wait) }),
    ...(hold === undefined ? {} : { "x-hold": hold }),
    ...(pin === undefined ? {} : { "x-perch-pin": pin }),
  };
}

async function ask([{ gateways }, at]: readonly [Stage, 0 | 1], session: string, said: Said = {}): Promise<Answer> {
  return await call(`${gateways[at]?.url}/support/chat`, { method: "POST", headers: headersOf(session, said) });
}

/** Begins a turn whose answer goes on until `end` is called; resolves when its beginning is here. */
async function begin([{ gateways }, at]: readonly [Stage, 0 | 1], session: string) {
  const headers = headersOf(session, { hold: session });
  const answer = await open(`${gateways[at]?.url}/support/chat`, { headers });
  return {
    end() {
      held.get(session)?.();
      return readAll(answer);
    },
  };
}

/** Turns by turns through both gateways: of the end of an answer the other one hears by the store, a moment after the client. */
async function untilMoved(stage: Stage, session: string, said: Said = {}): Promise<void> {
  await until(
    async () => {
      await ask([stage, 0], session, said);
      return (await ask([stage, 1], session)).text;
    },
    (text) => text === "new",
  );
}

/** Publishes a table with this move, and waits until every gateway goes by it. */
async function publish(stage: Stage, move: Partial<Move> | null, weightBp?: number): Promise<void> {
  stage.sequence += 1;
  const { sequence, server, gateways, agents } = stage;
  const moves: Move[] =
    move === null
      ? []
      : [{ ...(aMove({ from: BASELINE, to: CANARY }) as Move), id: `support.${stage.sequence}`, ...move }];
  const urls = { baseline: [agents.old.url], canary: [agents.fresh.url] };
  server.reports.clear();
  server.publish(tableOf({ sequence, ...urls, ...(weightBp === undefined ? {} : { weightBp }), agent: { moves } }));
  await until(
    () => new Set(server.acks.filter((ack) => ack.sequence === sequence).map(({ gateway }) => gateway)).size,
    (acked) => acked >= gateways.length,
  );
  if (move === null) return;
  await until(
    () =>
      [...server.reports.values()].filter(({ moves }) =>
        moves.some((one) => one.isReady && one.phase === moves[0]?.phase),
      ),
    (ready) => ready.length === gateways.length,
  );
}

/** First `prepared`, then `open`, as the server does it. */
async function openMove(stage: Stage, move: Partial<Move> = {}): Promise<void> {
  const id = `support.of-${stage.sequence}`;
  await publish(stage, { id, ...move, phase: "prepared" });
  await publish(stage, { id, ...move, phase: "open" });
}

/** Sessions whose turns of two releases overlap, or which went back. */
function flawsOf(turns: readonly Turn[]): readonly string[] {
  return [...Map.groupBy(turns, ({ session }) => session)].flatMap(([session, own]) => {
    const lastOld = Math.max(...own.filter(({ release }) => release === "old").map((turn) => turn.until));
    const firstNew = Math.min(...own.filter(({ release }) => release === "new").map(({ from }) => from));
    return firstNew < lastOld ? [session] : [];
  });
}

const newSession = (): string => `s-${randomUUID()}`;

describe.each(kinds)("two gateways that share their pins on %s", (kind) => {
  const isMissing = kind === "Redis" && findRedisServer() === null;
  const title = "move live sessions";
  describe.skipIf(isMissing)(isMissing ? `${title} (skipped: no redis-server here)` : title, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await createStage(kind);
    });
    beforeEach(() => publish(stage, null));
    afterAll(async () => {
      await cleanUp();
      await stage.redis?.stop();
    });
    describeMoving(() => stage);
    if (kind === "Redis") describeOutage(() => stage);
  });
});

// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
function describeMoving(at: () => Stage): void {
  test("after the turn whose answer says so, once the move is open, at whichever gateway the next one comes", async () => {
    const [stage, session] = [at(), newSession()];
    for (const gateway of [0, 1] as const) expect((await ask([stage, gateway], session)).text).toBe("old");
    await publish(stage, { id: "support.a", phase: "prepared" });
    expect((await ask([stage, 0], session, { say: "safe" })).text).toBe("old");
    expect((await ask([stage, 1], session)).text).toBe("old");
    await publish(stage, { id: "support.a", phase: "open" });
    expect((await ask([stage, 1], session, { say: "not yet" })).text).toBe("old");
    const last = await ask([stage, 0], session, { say: "safe" });
    expect([last.text, last.headers["x-perch-boundary"]]).toEqual(["old", undefined]);
    for (const gateway of [1, 0, 1] as const) expect((await ask([stage, gateway], session)).text).toBe("new");
    const moved = await until(
      () => stage.server.moved.filter((record) => record.session === session),
      (records) => records.length > 0,
    );
    expect(moved[0]).toMatchObject({ from: BASELINE, to: CANARY, move: "support.a", boundary: "agent", times: 1 });
    expect(new Set(moved.map(({ id }) => id)).size).toBe(1);
    const turns = await until(
      () => stage.server.posted.filter((turn) => turn.session === session),
      (all) => all.length === 9,
    );
    expect(turns.filter(({ release }) => release === CANARY).map(({ rollout }) => rollout)).toEqual([null, null, null]);
  });

  test("also when the agent says so behind the answer's body", async () => {
    const [stage, session] = [at(), newSession()];
    await ask([stage, 0], session);
    await openMove(stage);
    await ask([stage, 0], session, { later: "end" });
    expect((await ask([stage, 1], session)).text).toBe("new");
  });

  test("never while another turn is under way, at the same gateway or another, begun before the move or after", async () => {
    const stage = at();
    for (const other of [0, 1] as const) {
      const [before, during] = [newSession(), newSession()];
      await ask([stage, 0], during);
      const long = await begin([stage, other], before);
      await openMove(stage);
      const late = await begin([stage, other], during);
      for (const session of [before, during]) {
        await ask([stage, 0], session, { say: "safe" });
        expect((await ask([stage, 1], session)).text).toBe("old");
      }
      expect([await long.end(), await late.end()]).toEqual(["old", "old"]);
      for (const session of [before, during]) await untilMoved(stage, session, { say: "safe" });
      await publish(stage, null);
    }
    expect(flawsOf(stage.turns)).toEqual([]);
  });

  test("in whatever order many turns of many sessions come and end, no session meets two releases at once or goes back", async () => {
    const stage = at();
    const sessions = Array.from({ length: 20 }, newSession);
    const random = createRandom(7);
    const end = new AbortController();
    let asked = 0;
    const clients = sessions.flatMap((session) =>
      [0, 1].map(async () => {
        while (!end.signal.aborted) {
          const say = random() < 0.5 ? { say: "safe" } : {};
          const answer = await ask([stage, random() < 0.5 ? 0 : 1], session, {
            ...say,
            // Now and then one turn outlasts several of the other client.
            wait: random() < 0.3 ? 250 : 5,
          });
          expect(answer.status).toBe(200);
          asked += 1;
          await delay(random() * 10);
        }
      }),
    );
    const ofThese = (): Turn[] => stage.turns.filter(({ session }) => sessions.includes(session));
    const meeting = (release: Turn["release"]): ReadonlySet<string> =>
      new Set(ofThese().flatMap((turn) => (turn.release === release ? [turn.session] : [])));
    await until(
      () => meeting("old").size,
      (count) => count === sessions.length,
    );
    await openMove(stage);
    await until(
      () => meeting("new").size,
      (count) => count > sessions.length / 2,
    );
    end.abort();
    await Promise.all(clients);
    const own = ofThese();
    expect(flawsOf(own)).toEqual([]);
    expect(own).toHaveLength(asked);
    const moved = meeting("new");
    const recorded = await until(
      () => new Set(stage.server.moved.map(({ session }) => session).filter((session) => moved.has(session))),
      (seen) => seen.size === moved.size,
    );
    expect(recorded).toEqual(moved);
  });

  test("after a silence that is long enough, counted from when every gateway watched", async () => {
    const [stage, session] = [at(), newSession()];
    await ask([stage, 0], session);
    await openMove(stage, { boundary: { header: false, idleMs: 3000 } });
    expect((await ask([stage, 0], session, { say: "safe" })).text).toBe("old");
    await delay(200);
    expect((await ask([stage, 1], session)).text).toBe("old");
    await delay(3100);
    expect((await ask([stage, 1], session)).text).toBe("new");
    const [record] = await until(
      () => stage.server.moved.filter((one) => one.session === session),
      (records) => records.length > 0,
    );
    expect(record).toMatchObject({ boundary: "idle", gateway: "gw-2" });
  });

  test("an eviction moves with the next turn, and lets a stream that is open end", async () => {
    const [stage, session, streaming] = [at(), newSession(), newSession()];
    await ask([stage, 0], session);
    const stream = await begin([stage, 0], streaming);
    await openMove(stage, { mode: "evict" });
    expect((await ask([stage, 1], session)).text).toBe("new");
    expect((await ask([stage, 1], streaming)).text).toBe("old");
    expect(await stream.end()).toBe("old");
    await untilMoved(stage, streaming);
  });

  test("a move of one session leaves all others where they are", async () => {
    const [stage, session, other] = [at(), newSession(), newSession()];
    for (const one of [session, other]) await ask([stage, 0], one);
    await openMove(stage, { session, mode: "evict" });
    expect((await ask([stage, 1], session)).text).toBe("new");
    expect((await ask([stage, 1], other)).text).toBe("old");
  });

  test("the pin that a client kept from before loses, and the client gets the new one", async () => {
    const [stage, session] = [at(), newSession()];
    const before = String((await ask([stage, 0], session)).headers["x-perch-pin"]);
    await openMove(stage, { mode: "evict" });
    const moved = await ask([stage, 0], session, { pin: before });
    const after = String(moved.headers["x-perch-pin"]);
    expect([moved.text, after]).toEqual(["new", expect.stringMatching(/^pin1/)]);
    await publish(stage, { id: "support.b", mode: "evict", phase: "closed" });
    const again = await ask([stage, 1], session, { pin: before });
    expect([again.text, again.headers["x-perch-pin"]]).toEqual(["new", expect.stringMatching(/^pin1/)]);
    expect((await ask([stage, 1], session, { pin: after })).headers["x-perch-pin"]).toBeUndefined();
  });

  test("a weight that changes moves nobody", async () => {
    const [stage, session] = [at(), newSession()];
    await ask([stage, 0], session);
    for (const weightBp of [10_000, 0, 10_000]) {
      await publish(stage, null, weightBp);
      for (const gateway of [0, 1] as const) {
        expect((await ask([stage, gateway], session, { say: "safe" })).text).toBe("old");
      }
    }
  });

  test("the record of a move outlives the gateway that made it and the one that first serves the session after it", async () => {
    const [stage, session] = [at(), newSession()];
    await ask([stage, 0], session);
    await openMove(stage);
    await moveBehindTheirBacks(stage, session);
    stage.server.answerTurns = () => 503;
    const third = await stage.start("gw-3");
    await until(
      () => stage.server.acks.some(({ gateway }) => gateway === "gw-3"),
      (isThere) => isThere,
    );
    const asked = call(`${third.url}/support/chat`, { headers: headersOf(session, { wait: 5000 }) }).catch(() => null);
    await until(
      () => stage.turns.filter((turn) => turn.session === session && turn.release === "new").length,
      (count) => count === 1,
    );
    await third.stop("SIGKILL");
    await asked;
    expect(stage.server.moved.filter((one) => one.session === session)).toEqual([]);
    stage.server.answerTurns = () => 200;
    const fourth = await stage.start("gw-3");
    const [record] = await until(
      () => stage.server.moved.filter((one) => one.session === session),
      (records) => records.length > 0,
    );
    expect(record).toMatchObject({ from: BASELINE, to: CANARY, gateway: "gw-9" });
    await fourth.stop("SIGKILL");
  });
}

function describeOutage(at: () => Stage): void {
  test("while the store is away, a session that may have been moved waits, and one that brings its new pin does not", async () => {
    const [stage, session, moved] = [at(), newSession(), newSession()];
    for (const one of [session, moved]) await ask([stage, 0], one);
    await openMove(stage);
    const before = String((await ask([stage, 0], moved, { say: "safe", pin: "none" })).headers["x-perch-pin"]);
    const pin = String((await ask([stage, 0], moved, { pin: before })).headers["x-perch-pin"]);
    await stage.redis?.stop();
    const waits = await ask([stage, 1], session);
    expect([waits.status, JSON.parse(waits.text).error.code]).toEqual([503, "move_unconfirmed"]);
    expect((await ask([stage, 1], moved, { pin: before })).status).toBe(503);
    expect((await ask([stage, 1], moved, { pin })).text).toBe("new");
  });
}

/** As a gateway would that dies right after the compare and set. */
async function moveBehindTheirBacks(stage: Stage, session: string): Promise<void> {
  const store = await openStore(stage);
  const pin = await store.find(AGENT, parseSessionId(session));
  const next = movePin(pin as Pin, {
    move: aMove({ from: BASELINE, to: CANARY }),
    arm: "canary",
    boundary: "agent",
    now: Date.now(),
    revision: { epoch: 1, sequence: stage.sequence },
    gateway: parseGatewayId("gw-9"),
  });
  expect(await store.move({ from: BASELINE, pin: next, turn: null }, 60_000)).toMatchObject({ kind: "moved" });
  await store.close();
}

async function openStore({ redis, data }: Stage): Promise<PinStore> {
  const now = (): number => Date.now();
  if (redis === null) return createSqlitePinStore(openGatewayDatabase(join(data, "gateway", "pins.sqlite")), now);
  const address = parseRedisAddress(redis.url, null);
  return createRedisPinStore(await openRedisConnection({ address, timeoutMs: 1000, onChange() {} }), now);
}

/** The same numbers for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
