import { createMemoryServerState } from "@perch/adapters/in-memory";
import { parseGatewayId, type Revision } from "@perch/domain";
import { anAgentRoute } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { leadAlone } from "../leading/term.ts";
import { createGatewayHub, type GatewayHub } from "./hub.ts";
import { longestLifeMs, type TableEvent } from "./known-gateway.ts";

const LEASE_MS = 100;
const LIFE_MS = longestLifeMs(LEASE_MS);
const [a, b] = [parseGatewayId("gw-a"), parseGatewayId("gw-b")];
const routes = [anAgentRoute()];
const others = [anAgentRoute({ idleTimeoutMs: 1 })];

/** A hub at epoch 3 with a clock that only the test moves. */
async function createWorld() {
  const state = createMemoryServerState();
  const log: string[] = [];
  const lead = { isInForce: true };
  let now = 1000;
  let tick = 0;
  await state.nextEpoch(1);
  const start = async (): Promise<GatewayHub> =>
    await createGatewayHub({
      now: () => now,
      tick: () => tick,
      term: { ...(await leadAlone(state)), isInForce: () => lead.isInForce },
      state,
      leaseMs: LEASE_MS,
      log: { warn: (message) => void log.push(message) },
    });
  return {
    hub: await start(),
    lead,
    start,
    log,
    pass(this: void, ms: number): void {
      now += ms;
      tick += ms;
    },
    /** Somebody sets the machine's clock. */
    setClockForward(this: void, ms: number): void {
      now += ms;
    },
    /** What a gateway is sent, and how it goes away. */
    async connect(this: void, hub: GatewayHub, gateway = a, held: Revision | null = null) {
      const sent: TableEvent[] = [];
      await hub.expect(gateway, held);
      const leave = hub.connect(gateway, held, (event) => void sent.push(event));
      return { sent, leave };
    },
  };
}

const kinds = (sent: readonly TableEvent[]): string[] => sent.map(({ event }) => event);

describe("a gateway that comes back", () => {
  test("with the present table in force gets its lease only, and is waited for until it acknowledges again", async () => {
    const { hub, connect } = await createWorld();
    const revision = hub.publish(routes, LEASE_MS);
    const { sent, leave } = await connect(hub);
    await hub.acknowledge(a, revision);
    leave();
    const again = await connect(hub, a, revision);
    expect([kinds(sent), again.sent]).toEqual([["table"], [{ event: "lease", data: revision }]]);
    expect(hub.views()).toMatchObject([{ sync: "Pending" }]);
    await hub.acknowledge(a, revision);
    expect(hub.views()).toMatchObject([{ sync: "Synced" }]);
  });

  test("with an older table, or none, gets the present one whole", async () => {
    const { hub, connect } = await createWorld();
    const old = hub.publish(routes, LEASE_MS);
    hub.publish(others, LEASE_MS);
    expect(kinds((await connect(hub, a, old)).sent)).toEqual(["table"]);
    expect(kinds((await connect(hub, b)).sent)).toEqual(["table"]);
  });
});

describe("a gateway that holds a newer table than a server that was restored from a copy", () => {
  const held = { epoch: 9, sequence: 40 };

  test("gets this server's table under an epoch past its own, and so does everybody else", async () => {
    const { hub, connect, log } = await createWorld();
    hub.publish(routes, LEASE_MS);
    const other = await connect(hub, b);
    const { sent } = await connect(hub, a, held);
    const moved = { event: "table", data: { revision: { epoch: 10, sequence: 0 }, agents: routes } };
    expect(sent).toMatchObject([moved]);
    expect(other.sent.at(-1)).toMatchObject(moved);
    expect(log).toHaveLength(1);
    expect(hub.publish(others, LEASE_MS)).toEqual({ epoch: 10, sequence: 1 });
  });

  test("is found out by an acknowledgement, too, which acknowledges nothing", async () => {
    const { hub, connect } = await createWorld();
    hub.publish(routes, LEASE_MS);
    await connect(hub);
    await hub.acknowledge(a, held);
    expect(hub.views()).toMatchObject([{ sync: "Pending", revision: null }]);
    await hub.acknowledge(a, { epoch: 10, sequence: 0 });
    expect(hub.views()).toMatchObject([{ sync: "Synced" }]);
  });

  test("moves the server once, however many come with the same, and the next start is past that", async () => {
    const { hub, start, connect } = await createWorld();
    await Promise.all([connect(hub, a, held), connect(hub, b, held)]);
    expect(hub.publish(routes, LEASE_MS)).toEqual({ epoch: 10, sequence: 1 });
    expect((await start()).publish(routes, LEASE_MS)).toEqual({ epoch: 11, sequence: 1 });
  });

  test("is not followed into an epoch that cannot be", async () => {
    const { hub, connect, log } = await createWorld();
    await connect(hub, a, { epoch: 9e14, sequence: 0 });
    expect([hub.publish(routes, LEASE_MS), log.length]).toEqual([{ epoch: 3, sequence: 1 }, 1]);
  });
});

describe("a gateway that was sent a lease and did not answer", () => {
  test("is waited for until the lease of the older table is over", async () => {
    const { hub, connect, pass } = await createWorld();
    hub.publish(routes, LEASE_MS);
    await connect(hub);
    pass(LIFE_MS - 1);
    const rollback = hub.publish(others, LEASE_MS);
    const [before] = hub.spreadOf(rollback).gateways;
    pass(1);
    const [after] = hub.spreadOf(rollback).gateways;
    expect([before, after]).toMatchObject([{ fencedAt: null }, { ackedAt: null, fencedAt: 1000 + LIFE_MS }]);
  });

  test("may have a clock that is slow by a hundredth, and is waited for all the same", async () => {
    const { hub, connect, pass } = await createWorld();
    hub.publish(routes, 60_000);
    await connect(hub);
    const rollback = hub.publish(others, LEASE_MS);
    pass(60_000 * 1.01);
    expect(hub.spreadOf(rollback).gateways).toMatchObject([{ ackedAt: null, fencedAt: null }]);
  });

  test("is waited for just as long when the server's date is set forward meanwhile", async () => {
    const { hub, connect, pass, setClockForward } = await createWorld();
    hub.publish(routes, LEASE_MS);
    await connect(hub);
    const rollback = hub.publish(others, LEASE_MS);
    setClockForward(3_600_000);
    expect(hub.spreadOf(rollback).gateways).toMatchObject([{ fencedAt: null }]);
    pass(LIFE_MS);
    expect(hub.spreadOf(rollback).gateways).toMatchObject([{ fencedAt: 3_601_000 + LIFE_MS }]);
  });

  test("is waited for when it came back only just before, although its earlier lease was over long ago", async () => {
    const { hub, connect, pass } = await createWorld();
    const first = hub.publish(routes, LEASE_MS);
    const { leave } = await connect(hub);
    await hub.acknowledge(a, first);
    leave();
    pass(10 * LEASE_MS);
    await connect(hub);
    pass(1);
    const rollback = hub.publish(others, LEASE_MS);
    expect(hub.spreadOf(rollback).gateways).toMatchObject([{ ackedAt: null, fencedAt: null }]);
    pass(LIFE_MS);
    expect(hub.spreadOf(rollback).gateways).toMatchObject([{ ackedAt: null, fencedAt: 2000 + LIFE_MS }]);
  });

  test("holds up no later table longer than the lease of the one before", async () => {
    const { hub, connect, pass } = await createWorld();
    const first = hub.publish(routes, LEASE_MS);
    await connect(hub);
    await hub.acknowledge(a, first);
    pass(50);
    const second = hub.publish(others, LEASE_MS);
    pass(LIFE_MS - 50);
    expect(hub.spreadOf(second).gateways).toMatchObject([{ fencedAt: 1000 + LIFE_MS }]);
    const third = hub.publish(routes, LEASE_MS);
    expect(hub.spreadOf(third).gateways).toMatchObject([{ fencedAt: null }]);
    pass(50);
    expect(hub.spreadOf(third).gateways).toMatchObject([{ fencedAt: 1050 + LIFE_MS }]);
  });
});

describe("after the server's term", () => {
  test("no gateway gets a table or a lease any more, and none may connect", async () => {
    const { hub, lead, connect, pass } = await createWorld();
    const revision = hub.publish(routes, LEASE_MS);
    const { sent } = await connect(hub);
    await hub.acknowledge(a, revision);
    lead.isInForce = false;
    hub.publish(others, LEASE_MS);
    pass(LEASE_MS);
    await hub.renewLeases();
    expect(kinds(sent)).toEqual(["table"]);
    await expect(connect(hub, b)).rejects.toMatchObject({ code: "deposed" });
  });

  test("no gateway is forgotten, however long it was away: the next leader knows it", async () => {
    const { hub, lead, start, connect, pass } = await createWorld();
    const { leave } = await connect(hub);
    leave();
    lead.isInForce = false;
    pass(10_000_000);
    await hub.renewLeases();
    lead.isInForce = true;
    expect((await start()).views()).toMatchObject([{ gateway: a }]);
  });
});
