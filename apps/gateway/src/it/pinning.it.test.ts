import { Agent, request as httpRequest } from "node:http";
import { afterEach, expect, test } from "vitest";
import type { RoutingTableMessage } from "@perch/api";
import {
  call,
  cleanUp,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type FakeServer,
  type Gateway,
} from "./harness.ts";
import { BASELINE, CANARY, tableOf } from "./tables.ts";

afterEach(cleanUp);

type Setting = {
  readonly server: FakeServer;
  readonly data: string;
  readonly start: (args?: readonly string[]) => Promise<Gateway>;
  readonly publish: (sequence: number, weightBp: number, leaseMs?: number) => Promise<void>;
  readonly table: (sequence: number, weightBp: number, leaseMs?: number) => RoutingTableMessage;
};

/** Two agents that answer with their release's name, a server, and a data directory for gateways. */
async function setting(): Promise<Setting> {
  const baseline = await startAgent((_request, response) => response.end("baseline"));
  const canary = await startAgent((_request, response) => response.end("canary"));
  const server = await startServer();
  const data = temporaryDirectory();
  const table: Setting["table"] = (sequence, weightBp, leaseMs = 10_000) =>
    tableOf({ sequence, weightBp, leaseMs, baseline: [baseline.url], canary: [canary.url] });
  return {
    server,
    data,
    table,
    start: async (args = []) => await startGateway(["--data", data, "--server", server.url, ...args]),
    async publish(sequence, weightBp, leaseMs) {
      const before = server.acks.length;
      server.publish(table(sequence, weightBp, leaseMs));
      await until(
        () => server.acks.slice(before),
        (acks) => acks.some((ack) => ack.sequence === sequence),
      );
    },
  };
}

async function served(gateway: Gateway, session: string): Promise<string> {
  const answer = await call(`${gateway.url}/support/chat`, { headers: { "x-session-id": session } });
  return answer.text;
}

async function servedAll(gateway: Gateway, sessions: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  await Promise.all(
    sessions.map(async (session, index) => {
      answers[index] = await new Promise((resolve, reject) => {
        const sent = httpRequest(
          `${gateway.url}/support/chat`,
          { agent, headers: { "x-session-id": session } },
          (response) => {
            let text = "";
            response.on("data", (chunk: Buffer) => {
              text += chunk.toString();
            });
            response.on("end", () => resolve(text));
          },
        );
        sent.on("error", reject).end();
      });
    }),
  );
  agent.destroy();
  return answers;
}

const names = (count: number, prefix = "session"): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

test("5 % of a thousand new sessions meet the canary, and every one keeps its release when the weight changes", async () => {
  const { server, publish, start } = await setting();
  const gateway = await start();
  await publish(1, 500);
  const sessions = names(1000);
  const first = await servedAll(gateway, sessions);
  const canaries = first.filter((name) => name === "canary").length;
  expect(Math.abs(canaries - 50)).toBeLessThan(4 * Math.sqrt(1000 * 0.05 * 0.95));
  await publish(2, 0);
  expect(await servedAll(gateway, sessions)).toEqual(first);
  await publish(3, 10_000);
  expect(await servedAll(gateway, sessions)).toEqual(first);
  expect(await served(gateway, "somebody-new")).toBe("canary");

  const turns = await until(
    () => server.posted,
    (posted) => posted.length === 3001,
  );
  const bySession = new Map<string, Set<string>>();
  for (const turn of turns) bySession.set(turn.session, (bySession.get(turn.session) ?? new Set()).add(turn.release));
  expect([...bySession.values()].every((releases) => releases.size === 1)).toBe(true);
  const ofCanary = turns.filter((turn) => turn.arm === "canary");
  expect(ofCanary).toHaveLength(3 * canaries + 1);
  expect(new Set(ofCanary.map((turn) => turn.release))).toEqual(new Set([CANARY]));
  expect(turns.every((turn) => turn.rollout === "support-2-3-1" && turn.step === 1)).toBe(true);
  const status = JSON.parse((await call(`${gateway.url}/-/status`)).text);
  expect(status).toMatchObject({ revision: { epoch: 1, sequence: 3 }, leaseValid: true, fenced: false });
  expect(status.pins.live).toEqual([
    { agent: "support", release: BASELINE, version: "2.3.0", pins: 1000 - canaries },
    { agent: "support", release: CANARY, version: "2.3.1", pins: canaries + 1 },
  ]);
  expect(status.turns).toContainEqual({ release: CANARY, turns: 3 * canaries + 1, failed: 0 });
});

test("an assignment is told at once, one a session, long before a slow agent has answered", async () => {
  const answers: (() => void)[] = [];
  const slow = await startAgent((_request, response) => void answers.push(() => response.end("at last")));
  const server = await startServer();
  server.publish(tableOf({ sequence: 1, weightBp: 0, baseline: [slow.url] }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  const calls = ["s-1", "s-2"].map((session) =>
    call(`${gateway.url}/support/chat`, { headers: { "x-session-id": session } }),
  );
  const assigned = await until(
    () => server.assigned,
    (found) => found.length === 2,
  );
  expect(server.posted).toEqual([]);
  expect(assigned.map(({ session }) => session).toSorted()).toEqual(["s-1", "s-2"]);
  expect(assigned.every(({ rollout, step }) => rollout === "support-2-3-1" && step === 1)).toBe(true);
  for (const answer of answers) answer();
  await Promise.all(calls);
  const again = served(gateway, "s-1");
  await until(
    () => answers.length,
    (count) => count === 3,
  );
  answers[2]?.();
  await again;
  await until(
    () => server.posted,
    (posted) => posted.length === 3,
  );
  expect(server.assigned).toHaveLength(2);
});

test("a record carries the arm, rollout and step of the session's assignment, not of the table in force", async () => {
  const { server, publish, start, table } = await setting();
  const gateway = await start();
  await publish(1, 10_000);
  await served(gateway, "early");
  const next = table(2, 10_000);
  const changed = next.agents.map((agent) => ({ ...agent, canary: agent.canary && { ...agent.canary, step: 2 } }));
  server.publish({ ...next, agents: changed });
  await until(
    () => server.acks.at(-1)?.sequence,
    (sequence) => sequence === 2,
  );
  await served(gateway, "early");
  await served(gateway, "late");
  const turns = await until(
    () => server.posted,
    (posted) => posted.length === 3,
  );
  expect(turns.map(({ session, step }) => [session, step])).toEqual([
    ["early", 1],
    ["early", 1],
    ["late", 2],
  ]);
});

test("two gateways of one data directory agree on every session, and acknowledge under two names", async () => {
  const { server, publish, start } = await setting();
  const [one, two] = [await start(), await start()];
  expect(one.id).not.toBe(two.id);
  await publish(1, 5000);
  await until(
    () => server.acks,
    (acks) => new Set(acks.map((ack) => ack.gateway)).size === 2,
  );
  const sessions = names(60);
  const [a, b] = await Promise.all([servedAll(one, sessions), servedAll(two, sessions)]);
  expect(b).toEqual(a);
  await publish(2, 0);
  await until(
    () => server.acks.filter((ack) => ack.sequence === 2),
    (acks) => acks.length === 2,
  );
  expect(await servedAll(two, sessions)).toEqual(a);
});

test("without a lease, new sessions go to the baseline and pins are honoured; a renewed lease ends that", async () => {
  const { server, publish, start } = await setting();
  const gateway = await start();
  await publish(1, 10_000, 3000);
  expect(await served(gateway, "before")).toBe("canary");
  const isSo = async (holds: (status: { fenced: boolean; sync: { isConnected: boolean } }) => boolean) =>
    await until(async () => JSON.parse((await call(`${gateway.url}/-/status`)).text), holds);
  server.renewsLeases = false;
  await isSo(({ fenced }) => fenced);
  await server.close();
  await isSo(({ fenced, sync }) => fenced && !sync.isConnected);
  expect(await served(gateway, "before")).toBe("canary");
  expect(await served(gateway, "during")).toBe("baseline");
  const why = JSON.parse((await call(`${gateway.url}/-/why?agent=support&session=during`)).text);
  expect(why).toMatchObject({ arm: "baseline", rollout: null, rule: expect.stringContaining("lease had run out") });

  const back = await startServer({ port: Number(new URL(server.url).port) });
  back.publish(tableOf({ sequence: 2, baseline: [], canary: [], weightBp: 10_000 }));
  await until(
    () => back.acks,
    (acks) => acks.length > 0,
  );
  const answer = await call(`${gateway.url}/support/chat`, { headers: { "x-session-id": "after" } });
  expect(answer.text).toContain("support@2.3.1");
});

test("kill -9 loses neither pins nor records, and each record counts once", async () => {
  const { server, publish, start } = await setting();
  const first = await start(["--id", "gw-a"]);
  await publish(1, 5000);
  const sessions = names(40);
  const before = await servedAll(first, sessions);
  await until(
    () => server.posted,
    (posted) => posted.length === 40,
  );
  server.answerTurns = () => 503;
  await servedAll(first, sessions);
  await first.stop("SIGKILL");

  const second = await start(["--id", "gw-a"]);
  await until(
    () => server.acks.length,
    (acks) => acks >= 2,
  );
  await publish(2, 0);
  expect(await servedAll(second, sessions)).toEqual(before);
  server.answerTurns = () => 200;
  const turns = await until(
    () => new Map(server.posted.map((turn) => [turn.id, turn])),
    (byId) => byId.size === 120,
  );
  for (const session of sessions) {
    const own = [...turns.values()].filter((turn) => turn.session === session);
    expect([own.length, new Set(own.map((turn) => turn.release)).size]).toEqual([3, 1]);
  }
  await until(
    async () => JSON.parse((await call(`${second.url}/-/status`)).text).outbox,
    (outbox) => outbox.pending === 0,
  );
});

test("kill -9 at any moment of the traffic leaves every finished answer with a record, exactly once by id", async () => {
  const { server, publish, start } = await setting();
  let gateway = await start();
  await publish(1, 5000);
  let finished = 0;
  for (let round = 0; round < 3; round += 1) {
    const traffic = Promise.all(
      names(200, `round-${round}`).map(async (session) => {
        try {
          const text = await served(gateway, session);
          if (text === "baseline" || text === "canary") finished += 1;
        } catch {
          // Cut off by the kill: whether it counts is the record's word, not ours.
        }
      }),
    );
    const enough = finished + 20 * (round + 1);
    await until(
      () => finished,
      (count) => count >= enough,
    );
    await gateway.stop("SIGKILL");
    await traffic;
    gateway = await start();
  }
  await until(
    async () => JSON.parse((await call(`${gateway.url}/-/status`)).text),
    ({ outbox }) => outbox.pending === 0,
  );
  const answered = new Set(server.posted.filter((turn) => turn.fault === null).map((turn) => turn.id));
  expect(answered.size).toBeGreaterThanOrEqual(finished);
  expect(answered.size).toBeLessThanOrEqual(600);
});

test("started without its server, a gateway serves pins by the table on disk and nobody new meets the canary", async () => {
  const { server, publish, start } = await setting();
  const first = await start();
  await publish(1, 10_000);
  expect(await served(first, "pinned")).toBe("canary");
  expect(await first.stop("SIGTERM")).toBe(0);
  await server.close();
  const second = await start();
  expect(second.id).toBe(first.id);
  expect(await served(second, "pinned")).toBe("canary");
  expect(await served(second, "fresh")).toBe("baseline");
});

test("explains a placement, and says when it knows nothing", async () => {
  const { publish, start } = await setting();
  const gateway = await start();
  await publish(7, 10_000);
  await served(gateway, "asked");
  const why = JSON.parse((await call(`${gateway.url}/-/why?agent=support&session=asked`)).text);
  expect(why).toMatchObject({
    release: CANARY,
    version: "2.3.1",
    arm: "canary",
    seed: "it",
    weightBp: 10_000,
    revision: { epoch: 1, sequence: 7 },
    gateway: gateway.id,
    rule: expect.stringContaining("is below the weight of 10000 basis points"),
  });
  const unknown = await call(`${gateway.url}/-/why?agent=support&session=nobody`);
  expect([unknown.status, JSON.parse(unknown.text).error.code]).toEqual([404, "session_unknown"]);
  expect((await call(`${gateway.url}/-/why?agent=support`)).status).toBe(400);
});
