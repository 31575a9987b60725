import type { GatewayView, QuestionAnswer } from "@perch/api";
import { digestOf, parseAgentName, parseGatewayId, type GatewayId, type Revision } from "@perch/domain";
import { expect, test } from "vitest";
import { createPinCounts } from "./pin-counts.ts";

const AGENT = parseAgentName("support");
const RELEASE = digestOf("2.3.0");
const IDLE_MS = 60_000;
const [ONE, TWO] = ["gw-1", "gw-2"].map(parseGatewayId) as [GatewayId, GatewayId];

type Known = { store: string | null; pins: number; sync: GatewayView["sync"]; isConnected: boolean };
const aGateway = (change: Partial<Known> = {}): Known => ({
  store: "store-1",
  pins: 3,
  sync: "Synced",
  isConnected: true,
  ...change,
});

/** Gateways as the hub knows them; the test changes them as it goes. A store of null does not answer. */
function createWorld(gateways: Map<GatewayId, Known>) {
  let now = 1_000_000;
  const world = { revision: { epoch: 1, sequence: 1 } as Revision, asked: [] as GatewayId[], countMs: 0 };
  const counts = createPinCounts({
    hub: {
      views: () =>
        [...gateways].map(([gateway, { sync }]) => ({ gateway, sync, revision: world.revision, lastSeenAt: now })),
      connected: () => [...gateways].filter(([, { isConnected }]) => isConnected).map(([gateway]) => gateway),
      revision: () => world.revision,
    },
    questions: {
      async ask(gateway): Promise<QuestionAnswer["answer"] | null> {
        world.asked.push(gateway);
        now += world.countMs;
        const { store, pins } = gateways.get(gateway) ?? aGateway();
        return store === null ? null : { kind: "pins", store, live: [{ agent: AGENT, release: RELEASE, pins }] };
      },
    },
    now: () => now,
    idleTimeoutMs: () => IDLE_MS,
  });
  const pass = (ms: number): void => void (now += ms);
  return Object.assign(world, { counts, pass, live: () => counts.live(AGENT, RELEASE) });
}

test("pins are unknown until somebody has counted them, and while there is no gateway", async () => {
  const world = createWorld(new Map());
  expect(world.live()).toBeNull();
  await world.counts.refresh();
  expect(world.live()).toBeNull();
});

test("stores are added up; one that gateways share is counted once, and asked once", async () => {
  const world = createWorld(
    new Map([
      [ONE, aGateway()],
      [TWO, aGateway()],
      [parseGatewayId("gw-3"), aGateway({ store: "store-2", pins: 10 })],
    ]),
  );
  await world.counts.refresh();
  expect(world.live()).toBe(13);
  world.asked.length = 0;
  await world.counts.refresh();
  expect(world.live()).toBe(13);
  expect(world.asked).toHaveLength(2);
});

test("another gateway of the store is asked when the first does not answer", async () => {
  const gateways = new Map([
    [ONE, aGateway()],
    [TWO, aGateway()],
  ]);
  const world = createWorld(gateways);
  await world.counts.refresh();
  gateways.set(ONE, aGateway({ store: null }));
  await world.counts.refresh();
  expect(world.live()).toBe(3);
});

test("while a gateway's store is unknown, the number is", async () => {
  const gateways = new Map([[ONE, aGateway()]]);
  const world = createWorld(gateways);
  await world.counts.refresh();
  gateways.set(TWO, aGateway({ store: null }));
  await world.counts.refresh();
  expect(world.live()).toBeNull();
});

test("a gateway that is gone counts as unknown until its pins have ended, unless another shares its store", async () => {
  const gateways = new Map([
    [ONE, aGateway()],
    [TWO, aGateway({ store: "store-2" })],
  ]);
  const world = createWorld(gateways);
  await world.counts.refresh();
  gateways.set(TWO, aGateway({ store: "store-2", isConnected: false, sync: "Fenced" }));
  await world.counts.refresh();
  expect(world.live()).toBeNull();
  gateways.delete(TWO);
  world.pass(IDLE_MS);
  await world.counts.refresh();
  expect(world.live()).toBeNull();
  world.pass(0.2 * IDLE_MS);
  await world.counts.refresh();
  expect(world.live()).toBe(3);
});

test("a gateway that comes back with another store is asked anew", async () => {
  const gateways = new Map([
    [ONE, aGateway()],
    [TWO, aGateway()],
  ]);
  const world = createWorld(gateways);
  await world.counts.refresh();
  gateways.set(TWO, aGateway({ store: "store-2", pins: 5 }));
  world.counts.forgetStoreOf(TWO);
  await world.counts.refresh();
  expect(world.live()).toBe(8);
});

test("a store that takes long to count is counted rarely", async () => {
  const world = createWorld(new Map([[ONE, aGateway()]]));
  world.countMs = 1000;
  await world.counts.refresh();
  world.pass(18_000);
  await world.counts.refresh();
  expect(world.asked).toHaveLength(1);
  world.pass(1000);
  await world.counts.refresh();
  expect(world.asked).toHaveLength(2);
});

test("none is sure only after two counts under the table that every gateway holds", async () => {
  const gateways = new Map([[ONE, aGateway({ pins: 0 })]]);
  const world = createWorld(gateways);
  const forDrain = async (): Promise<number | null> => {
    await world.counts.refresh();
    return world.counts.liveForDrain(AGENT, RELEASE);
  };
  expect([await forDrain(), await forDrain()]).toEqual([null, 0]);
  world.revision = { epoch: 1, sequence: 2 };
  expect(world.counts.liveForDrain(AGENT, RELEASE)).toBeNull();
  expect([await forDrain(), await forDrain()]).toEqual([null, 0]);
  gateways.set(ONE, aGateway({ pins: 0, sync: "Pending" }));
  expect([await forDrain(), world.live()]).toEqual([null, 0]);
  gateways.set(ONE, aGateway({ pins: 2 }));
  expect(await forDrain()).toBe(2);
});

test("a drain ends with two counts after the last gateway connected, since nobody knows what it brought", async () => {
  const world = createWorld(new Map([[ONE, aGateway({ pins: 0 })]]));
  const sure = () => world.counts.liveForDrain(AGENT, RELEASE);
  await world.counts.refresh();
  expect(sure()).toBeNull();
  await world.counts.refresh();
  expect(sure()).toBe(0);
  world.counts.forgetStoreOf(TWO);
  expect(sure()).toBeNull();
  await world.counts.refresh();
  expect(sure()).toBeNull();
  await world.counts.refresh();
  expect(sure()).toBe(0);
});

test("a count during which a gateway connects does not end a drain", async () => {
  const world = createWorld(new Map([[ONE, aGateway({ pins: 0 })]]));
  await world.counts.refresh();
  const counting = world.counts.refresh();
  world.counts.forgetStoreOf(TWO);
  await counting;
  await world.counts.refresh();
  expect(world.counts.liveForDrain(AGENT, RELEASE)).toBeNull();
});
