import {
  createMemoryLeadership,
  createMemoryLedger,
  createMemoryServerState,
  createMemoryTraceStore,
} from "@perch/adapters/in-memory";
import { digestOf, LedgerError, parseAgentName, verifyChain, type ReleaseSource } from "@perch/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createServer, type Server } from "../create-server.ts";
import { createAttachedGateway } from "../it/attached-gateway.ts";
import { parseOptions } from "../options.ts";
import { createElection, type Election, type Reign } from "./election.ts";
import { watchLedger } from "./watch-ledger.ts";
import { lonelyServer } from "../it/lonely-server.ts";

const LEAD_MS = 1000;
const log = { info: () => {}, warn: () => {}, error: () => {} };

type Name = "a" | "b";
type Led = Reign & { readonly server: Server };

const releases: ReleaseSource = {
  async admit() {
    const policy = { escalationTools: [], successTools: [] };
    return { agent: parseAgentName("support"), version: "1.0.0", digest: digestOf("1.0.0"), policy, signedBy: ["key"] };
  },
};

/** Two servers of one store on one clock. Neither does anything by itself: one that is not told to is as good as stopped. */
function createWorld() {
  let now = 0;
  let terms = 0;
  const state = createMemoryServerState();
  const ledger = createMemoryLedger(state);
  const leadership = createMemoryLeadership(state, () => now);
  const traces = createMemoryTraceStore();
  const settings = { ...parseOptions([]), leaseMs: LEAD_MS / 2, consoleDirectory: "/nowhere" };

  function start(url: string): Election<Led> {
    const watched = watchLedger(ledger, (reason) => election.resign(reason));
    const election = createElection<Led>({
      leadership,
      url: () => url,
      forMs: LEAD_MS,
      tick: () => now,
      newTerm: () => `term-${(terms += 1)}`,
      async reign(term) {
        const server = await createServer({
          ...lonelyServer(() => now),
          term,
          ledger: watched,
          state,
          traces,
          releases,
          setNow: null,
          log,
          settings,
        });
        return { server, end: () => {} };
      },
      isPassing: (error) => error instanceof LedgerError,
      onHopeless: (error) => expect.unreachable(String(error)),
      onChange: () => {},
      log,
    });
    return election;
  }

  const elections: Readonly<Record<Name, Election<Led>>> = { a: start("http://a"), b: start("http://b") };
  return {
    state,
    ledger,
    elections,
    /** Null unless it believes that it leads. */
    ledBy(name: Name): { readonly server: Server; readonly epoch: number } | null {
      const standing = elections[name].standing();
      return standing.kind === "leading" ? { server: standing.reign.server, epoch: standing.epoch } : null;
    },
    pass: (ms: number): void => void (now += ms),
  };
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function deploy({ app }: Server, port: number): Promise<number> {
  const body = JSON.stringify({ release: "support@1.0.0", url: `http://127.0.0.1:${port}` });
  const headers = { "content-type": "application/json" };
  return (await app.request("/v1/deployments?add=true", { method: "POST", headers, body })).status;
}

const name = fc.constantFrom<Name>("a", "b");
const anyMove = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(LEAD_MS / 5, LEAD_MS / 2, LEAD_MS),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("look" as const), name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("turn" as const, "follow" as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("deploy" as const), name }) },
);

test("of two servers that are stopped and go on at any moments, only one ever records or reaches a gateway", async () => {
  const seen = { epochs: 0, recorded: 0, refused: 0, sent: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(anyMove, { minLength: 40, maxLength: 120 }), async (moves) => {
      const world = createWorld();
      const recorded: number[] = [];
      const late: string[] = [];
      const gateway = createAttachedGateway(({ revision }) => {
        // Whoever speaks to a gateway leads at that moment: nobody else has taken the lead since.
        if (revision.epoch !== world.state.epoch()) late.push(`${revision.epoch} after ${world.state.epoch()}`);
        seen.sent += 1;
      });
      for (const [port, move] of moves.entries()) {
        if (move.kind === "pass") {
          world.pass(move.ms);
          continue;
        }
        if (move.kind === "look") await world.elections[move.name].look();
        const led = world.ledBy(move.name);
        if (move.kind === "turn") await led?.server.renewLeases().then(() => led.server.turn());
        if (move.kind === "follow" && led !== null) await gateway.follow(led.server);
        if (move.kind === "deploy" && led !== null) {
          const status = await deploy(led.server, port + 1);
          if (status === 201) {
            expect(led.epoch).toBe(world.state.epoch());
            recorded.push(port + 1);
          } else seen.refused += 1;
        }
        await quiet();
      }
      const entries = await world.ledger.readAll(0);
      verifyChain(entries);
      const ports = entries
        .filter(({ type }) => type === "deploymentRegistered")
        .map(({ body }) => Number(/127\.0\.0\.1:(\d+)/.exec(JSON.stringify(body))?.[1]));
      expect([ports, late]).toEqual([recorded, []]);
      seen.epochs += world.state.epoch();
      seen.recorded += recorded.length;
    }),
    { numRuns: 60, seed: 20_261_126 },
  );
  // The lead did change hands, a deposed leader was refused, and gateways were spoken to.
  expect(seen.epochs).toBeGreaterThan(100);
  expect(Math.min(seen.recorded, seen.refused, seen.sent)).toBeGreaterThan(20);
});

test("a leader that wakes after another was chosen sends a gateway nothing of what it had to send", async () => {
  const world = createWorld();
  const events: string[] = [];
  const gateway = createAttachedGateway(({ event, revision }) => void events.push(`${event} ${revision.epoch}`));
  await world.elections.a.look();
  await quiet();
  const a = world.ledBy("a")?.server;
  if (a === undefined) throw new Error("a does not lead");
  await gateway.follow(a);
  await deploy(a, 1);
  await quiet();
  world.pass(LEAD_MS / 2);
  await a.renewLeases();
  await quiet();
  expect(events).toEqual(["table 1", "table 1", "lease 1"]);

  world.pass(LEAD_MS / 2);
  await world.elections.b.look();
  await quiet();
  await a.renewLeases();
  expect(await deploy(a, 2)).toBe(503);
  await a.turn();
  await quiet();
  expect(events).toHaveLength(3);
  await gateway.follow(a);
  await quiet();
  expect([events.length, world.state.epoch()]).toEqual([3, 2]);
});
