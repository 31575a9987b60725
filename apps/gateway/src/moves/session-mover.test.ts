import { createMemoryPinStore, createMemoryTurnOutbox } from "@perch/adapters/in-memory";
import { createLog } from "@perch/adapters/json-log";
import {
  digestOf,
  moveRecordOf,
  parseGatewayId,
  parseMoveId,
  parseSessionId,
  type Pin,
  type RouteMove,
} from "@perch/domain";
import { aMove, anAgentRoute, aPin, aRoutingTable } from "@perch/testkit";
import { expect, test } from "vitest";
import { createCachedPinStore } from "../pins/cached-pin-store.ts";
import { createHeldTable } from "../table/held-table.ts";
import { createMoveLog } from "./move-log.ts";
import { createSessionMover, type Settled } from "./session-mover.ts";
import type { TurnUnderWay } from "./under-way.ts";

const pin = aPin();
const { agent, session } = pin;
const move = aMove();
const third = digestOf("support 2.4.0");
const IDLE_MS = 60_000;

function setting(...moves: readonly RouteMove[]) {
  let [now, sequence, turns, isBroken, isFull] = [1_000_000, 0, 0, false, false];
  const store = createMemoryPinStore(() => now);
  const outbox = createMemoryTurnOutbox();
  const lines: string[] = [];
  const log = createLog(
    (line) => lines.push(line),
    () => now,
  );
  const orBroken = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    if (isBroken) throw new Error("away");
    return await run();
  };
  const pins = createCachedPinStore({
    store: {
      ...store,
      claim: (...args) => orBroken(() => store.claim(...args)),
      merge: (...args) => orBroken(() => store.merge(...args)),
      mark: (...args) => orBroken(() => store.mark(...args)),
      unmark: (...args) => orBroken(() => store.unmark(...args)),
      move: (...args) => orBroken(() => store.move(...args)),
    },
    now: () => now,
    maxEntries: 100,
    slack: 0.1,
    mayForget: true,
    onFault: () => {},
  });
  const append = (records: Parameters<typeof outbox.append>[0]): void => {
    if (isFull) throw new Error("disk full");
    outbox.append(records);
  };
  const held = createHeldTable(() => 0);
  const publish = (...next: readonly RouteMove[]): void => {
    sequence += 1;
    const route = anAgentRoute({ moves: next, idleTimeoutMs: IDLE_MS });
    held.offer(aRoutingTable({ revision: { epoch: 1, sequence }, agents: [route] }));
  };
  publish(...moves);
  const mover = createSessionMover({
    gateway: parseGatewayId("gw-1"),
    held,
    pins,
    log,
    now: () => now,
    moves: createMoveLog({ outbox: { append }, log }),
    newId: () => `turn-${(turns += 1)}`,
  });
  return {
    store,
    pins,
    mover,
    publish,
    lines,
    records: () => outbox.oldest(100).flatMap(({ json }) => JSON.parse(Buffer.from(json).toString()) as unknown[]),
    pass: (ms: number) => void (now += ms),
    breakStore: (is = true) => void (isBroken = is),
    fillDisk: (is = true) => void (isFull = is),
    others: async () => (await store.mark({ agent, session, turn: "probe" }, 1)).others,
  };
}

function settled(outcome: Settled): Extract<Settled, { kind: "settled" }> {
  if (outcome.kind === "settled") return outcome;
  throw new Error("unsure");
}

const ended = (outcome: Settled, isSafe: boolean): Promise<void> =>
  new Promise((resolve) => settled(outcome).stay?.end(isSafe, resolve));

test("a session that is not to be moved costs the store nothing", async () => {
  const { mover, breakStore } = setting(aMove({ from: third }));
  breakStore();
  expect(await mover.settle(pin)).toEqual({ kind: "settled", pin, stay: null });
});

test("while a move is prepared its sessions stay, their turns are marked, and a boundary moves nobody", async () => {
  const { mover, pins, store, others } = setting(aMove({ phase: "prepared" }));
  const claimed = await pins.claim(pin, IDLE_MS);
  const outcome = await mover.settle(claimed);
  expect(settled(outcome)).toMatchObject({ pin, stay: expect.anything() });
  expect(await others()).toBe(1);
  await ended(outcome, true);
  expect([await others(), await store.find(agent, session)]).toEqual([0, pin]);
});

test("a turn that ends at a boundary moves its session before its last bytes leave, and puts the move on record", async () => {
  const { mover, pins, store, records } = setting(move);
  const outcome = await mover.settle(await pins.claim(pin, IDLE_MS));
  await ended(outcome, true);
  const moved = await store.find(agent, session);
  expect(moved).toMatchObject({
    release: move.to,
    rollout: null,
    moved: { move: move.id, boundary: "agent", from: move.from, times: 1 },
  });
  expect(records()).toEqual([moveRecordOf(moved as Pin)]);
  expect(await mover.settle(await pins.claim(pin, IDLE_MS))).toEqual({ kind: "settled", pin: moved, stay: null });
  expect(mover.counts()).toEqual({ moved: 1, unsure: 0 });
});

test.each<[string, Partial<RouteMove>, boolean]>([
  ["that ends anywhere else", {}, false],
  ["of a move that does not go by what agents say", { boundary: { header: false, idleMs: 1 } }, true],
])("a turn %s leaves its session where it is", async (_, change, isSafe) => {
  const { mover, pins, store } = setting(aMove(change));
  await ended(await mover.settle(await pins.claim(pin, IDLE_MS)), isSafe);
  expect(await store.find(agent, session)).toEqual(pin);
});

test("a boundary counts by the table that is in force when the turn ends", async () => {
  const { mover, pins, store, publish } = setting(move);
  const outcome = await mover.settle(await pins.claim(pin, IDLE_MS));
  publish(aMove({ phase: "closed" }));
  await ended(outcome, true);
  expect(await store.find(agent, session)).toEqual(pin);
});

test("what another gateway moved is seen although the pin is still remembered here", async () => {
  const { mover, pins, store } = setting(move);
  const claimed = await pins.claim(pin, IDLE_MS);
  const next = { ...pin, release: move.to, moved: { ...moved(), at: 7 } };
  await store.move({ from: move.from, pin: next, turn: null }, IDLE_MS);
  expect(await pins.claim(pin, IDLE_MS)).toEqual(claimed);
  expect(settled(await mover.settle(claimed)).pin).toEqual(next);
  expect(await pins.claim(pin, IDLE_MS)).toEqual(next);
});

test("after a move is closed, a pin of before counts only when the store confirms it", async () => {
  const { mover, pins, store, breakStore } = setting(aMove({ phase: "closed" }));
  expect(settled(await mover.settle(await pins.claim(pin, IDLE_MS)))).toEqual({ kind: "settled", pin, stay: null });
  await store.move({ from: move.from, pin: { ...pin, release: move.to, moved: moved() }, turn: null }, IDLE_MS);
  expect(settled(await mover.settle(await pins.claim(pin, IDLE_MS))).pin.release).toBe(move.to);
  breakStore();
  expect(await mover.settle(pin)).toEqual({ kind: "unsure" });
});

test.each(["prepared", "open", "closed"] as const)(
  "without the store nobody knows where a session is whose move is %s",
  async (phase) => {
    const { mover, breakStore } = setting(aMove({ phase }));
    breakStore();
    expect(await mover.settle(pin)).toEqual({ kind: "unsure" });
    expect(mover.counts().unsure).toBe(1);
  },
);

test("a store that came back empty is told the pin again", async () => {
  const { mover, store } = setting(move);
  expect(settled(await mover.settle(pin))).toMatchObject({ pin, stay: expect.anything() });
  expect(await store.find(agent, session)).toEqual(pin);
});

test("silence counts from the end of the last turn that was marked, else from when the move was opened", async () => {
  const boundary = { header: false, idleMs: 10_000 };
  const { mover, pins, pass, publish } = setting(aMove({ phase: "prepared", boundary }));
  await pins.claim(pin, IDLE_MS);
  pass(20_000);
  publish(aMove({ boundary }));
  await mover.markAll([]);
  pass(5000);
  await ended(await mover.settle(pin), false);
  pass(9999);
  await ended(await mover.settle(pin), false);
  pass(10_000);
  const { pin: at } = settled(await mover.settle(pin));
  expect([at.release, at.moved?.boundary]).toEqual([move.to, "idle"]);
});

test("an eviction waits for no boundary, but for other turns", async () => {
  const { mover, pins, store } = setting(aMove({ mode: "evict" }));
  await pins.claim(pin, IDLE_MS);
  await store.mark({ agent, session, turn: "of gw-2" }, IDLE_MS);
  const stays = settled(await mover.settle(pin));
  expect(stays.pin.release).toBe(move.from);
  await store.unmark({ agent, session, turn: "of gw-2" }, IDLE_MS);
  await ended(stays, false);
  const { pin: at } = settled(await mover.settle(pin));
  expect([at.release, at.moved?.boundary]).toEqual([move.to, "none"]);
});

test("a session goes from release to release, each move on record", async () => {
  const onwards = aMove({ id: parseMoveId("support.2"), from: move.to, to: third, mode: "evict" });
  const { mover, pins, records } = setting(aMove({ mode: "evict" }), onwards);
  const { pin: at } = settled(await mover.settle(await pins.claim(pin, IDLE_MS)));
  expect([at.release, at.moved?.times]).toEqual([third, 2]);
  expect(records()).toMatchObject([
    { from: move.from, to: move.to },
    { from: move.to, to: third },
  ]);
});

test("a move of one session leaves others where they are", async () => {
  const { mover, pins } = setting(aMove({ mode: "evict", session: parseSessionId("another") }));
  expect(await mover.settle(await pins.claim(pin, IDLE_MS))).toEqual({ kind: "settled", pin, stay: null });
});

test("turns that were under way when the move came are marked until they end", async () => {
  const { mover, others, publish, breakStore } = setting();
  const [mine, other]: TurnUnderWay[] = [
    { pin, stay: null },
    { pin: aPin({ release: third }), stay: null },
  ];
  if (mine === undefined || other === undefined) throw new Error("two turns");
  publish(aMove({ phase: "prepared" }));
  breakStore();
  expect(await mover.markAll([mine, other])).toBe(false);
  breakStore(false);
  expect(await mover.markAll([mine, other])).toBe(true);
  expect([await others(), other.stay]).toEqual([1, null]);
  expect(await mover.markAll([mine, other])).toBe(true);
  expect(await others()).toBe(1);
  mine.stay?.end(false, () => {});
  expect(await others()).toBe(0);
});

test("marks are made again for as long as their turns last", async () => {
  const { mover, pins, pass, others } = setting(move);
  const outcome = await mover.settle(await pins.claim(pin, IDLE_MS));
  for (let second = 0; second < 50; second += 1) {
    pass(1000);
    mover.renew();
  }
  expect(await others()).toBe(1);
  await ended(outcome, false);
  expect(await others()).toBe(0);
});

test("a record that the disk does not take is written with the session's next turn", async () => {
  const { mover, pins, records, fillDisk, lines } = setting(aMove({ mode: "evict" }));
  await pins.claim(pin, IDLE_MS);
  fillDisk();
  expect(settled(await mover.settle(pin)).pin.release).toBe(move.to);
  expect([records(), lines.join("")]).toEqual([[], expect.stringContaining("not kept yet")]);
  fillDisk(false);
  await mover.settle(await pins.claim(pin, IDLE_MS));
  await mover.settle(await pins.claim(pin, IDLE_MS));
  expect(records()).toHaveLength(1);
});

function moved(): NonNullable<Pin["moved"]> {
  return { move: move.id, mode: "migrate", boundary: "agent", from: move.from, rollout: null, at: 1, times: 1 };
}
