import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  mintOverride,
  parseAgentName,
  parseSessionExtractors,
  parseSessionLearners,
  type PinSecrets,
} from "@perch/domain";
import { findRedisServer, startRedisServer, type RedisServer } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  call,
  cleanUp,
  open,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type Answer,
  type FakeAgent,
  type FakeServer,
  type Gateway,
} from "./harness.ts";
import { BASELINE, CANARY, tableOf } from "./tables.ts";

const isMissing = findRedisServer() === null;
const secrets: PinSecrets = ["shared-by-both-gateways-0123456789"];
const agents = new Map<string, FakeAgent>();
let redis: RedisServer;
let server: FakeServer;
let gateways: readonly [Gateway, Gateway];
let sequence = 0;

/** Speaks the protocols whose ids are learned, and says which release it is. */
async function startSpeaker(release: string): Promise<FakeAgent> {
  return await startAgent((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://agent");
    response.setHeader("x-release", release);
    if (pathname === "/mcp") {
      response.setHeader("mcp-session-id", `mcp-${randomUUID()}`).setHeader("content-type", "application/json");
      response.end('{"jsonrpc":"2.0","id":1,"result":{}}');
    } else if (pathname === "/a2a") {
      const update = { taskId: `t-${randomUUID()}`, contextId: `c-${randomUUID()}`, kind: "status-update" };
      response.setHeader("content-type", "text/event-stream");
      response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: 1, result: update })}\n\n`);
      // The answer goes on until the client has had enough.
      const timer = setInterval(() => response.write(": still thinking\n\n"), 50);
      response.on("close", () => clearInterval(timer));
    } else if (pathname === "/v1/responses") {
      const encoding = request.headers["accept-encoding"] ?? "none";
      response.setHeader("content-type", "application/json").setHeader("x-asked-encoding", encoding);
      response.end(JSON.stringify({ id: `resp_${randomUUID()}`, object: "response" }));
    } else if (pathname === "/threads") {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ thread_id: `th-${randomUUID()}` }));
    } else response.end(release);
  });
}

async function publish(weightBp: number): Promise<void> {
  sequence += 1;
  const [baseline, canary] = ["baseline", "canary"].map((name) => [agents.get(name)?.url ?? ""]);
  const rules = {
    hosts: ["support.example"],
    pathPrefix: "",
    sessionExtractors: ["header:x-session-id", "mcp", "a2a", "openai-responses", "langgraph"].flatMap((text) => [
      ...parseSessionExtractors(text),
    ]),
    sessionLearners: ["mcp", "a2a", "openai-responses", "langgraph"].flatMap((text) => [...parseSessionLearners(text)]),
  };
  const named = tableOf({ sequence, weightBp, baseline: baseline ?? [], canary: canary ?? [], agent: rules as never });
  const plain = tableOf({ sequence, weightBp, baseline: baseline ?? [], canary: canary ?? [] });
  const others = plain.agents.map((agent) => ({ ...agent, agent: "other" }));
  server.publish({ ...named, agents: [...named.agents, ...others] });
  await until(
    () => new Set(server.acks.filter((ack) => ack.sequence === sequence).map((ack) => ack.gateway)),
    (acked) => acked.size === gateways.length,
  );
}

type Asked = { readonly session?: string; readonly headers?: Record<string, string>; readonly body?: unknown };

function ask(gateway: Gateway, path: string, { session, headers = {}, body }: Asked = {}): Promise<Answer> {
  return call(`${gateway.url}${path}`, {
    headers: {
      host: "support.example",
      ...(session === undefined ? {} : { "x-session-id": session }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function servedAll(gateway: Gateway, sessions: readonly string[], pins?: ReadonlyMap<string, string>) {
  const answers = await Promise.all(
    sessions.map((session) =>
      ask(gateway, "/chat", { session, headers: pins === undefined ? {} : { "x-perch-pin": pins.get(session) ?? "" } }),
    ),
  );
  return {
    releases: answers.map((answer) => answer.text),
    pins: new Map(sessions.map((session, index) => [session, String(answers[index]?.headers["x-perch-pin"])])),
  };
}

async function statusOf(gateway: Gateway) {
  return JSON.parse((await call(`${gateway.url}/-/status`)).text);
}

const names = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}-${randomUUID()}`);

const title = "two gateways of two machines that share their pins on Redis";
describe.skipIf(isMissing)(isMissing ? `${title} (skipped: no redis-server here)` : title, () => {
  beforeAll(async () => {
    redis = await startRedisServer();
    for (const name of ["baseline", "canary"]) agents.set(name, await startSpeaker(name));
    server = await startServer();
    const secretFile = join(temporaryDirectory(), "pin-secret");
    writeFileSync(secretFile, secrets.join("\n"));
    const flags = ["--server", server.url, "--pins", redis.url, "--pin-secret-file", secretFile];
    gateways = [
      await startGateway(["--data", temporaryDirectory(), "--id", "gw-1", ...flags]),
      await startGateway(["--data", temporaryDirectory(), "--id", "gw-2", ...flags]),
    ];
    await publish(5000);
  });
  afterAll(async () => {
    await cleanUp();
    await redis?.stop();
  });

  test("agree on every session, also when both meet it at the same moment", async () => {
    const sessions = names(40, "race");
    const [one, two] = await Promise.all(gateways.map((gateway) => servedAll(gateway, sessions)));
    expect(one?.releases).toEqual(two?.releases);
    expect(new Set(one?.releases)).toEqual(new Set(["baseline", "canary"]));
  });

  test("keep a client on one release by the ids that only its agent's answers told it", async () => {
    const [one, two] = gateways;
    for (let round = 0; round < 6; round += 1) {
      await publish(10_000);
      const mcp = await ask(one, "/mcp", { body: { jsonrpc: "2.0", id: 1, method: "initialize" } });
      const response = await ask(one, "/v1/responses", {
        body: { input: "hi" },
        headers: { "accept-encoding": "gzip" },
      });
      const thread = await ask(one, "/threads", { body: {} });
      expect(response.headers["x-asked-encoding"]).toBe("none");
      await publish(0);
      const follow: Promise<Answer>[] = [
        ask(two, "/mcp", { headers: { "mcp-session-id": String(mcp.headers["mcp-session-id"]) }, body: {} }),
        ask(two, `/threads/${JSON.parse(thread.text).thread_id}/runs/stream`, { body: {} }),
      ];
      let { id } = JSON.parse(response.text);
      for (const gateway of [two, one, two]) {
        const next = await ask(gateway, "/v1/responses", { body: { previous_response_id: id } });
        expect([next.headers["x-release"], next.headers["x-perch-session"]]).toEqual([
          "canary",
          response.headers["x-perch-session"],
        ]);
        id = JSON.parse(next.text).id;
      }
      expect((await Promise.all(follow)).map((answer) => answer.headers["x-release"])).toEqual(["canary", "canary"]);
    }
  });

  test("know an id that streams past before its client can use it at the other gateway", async () => {
    await publish(10_000);
    const [one, two] = gateways;
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message/stream", params: { message: {} } });
    const headers = { host: "support.example", "content-type": "application/json" };
    const streams = await Promise.all(
      names(10, "stream").map(async () => await open(`${one.url}/a2a`, { headers, body })),
    );
    const firsts = await Promise.all(
      streams.map(async (stream) => {
        for await (const chunk of stream.iterator({ destroyOnReturn: false })) return String(chunk);
        return "";
      }),
    );
    await publish(0);
    for (const [index, first] of firsts.entries()) {
      const { contextId, taskId } = JSON.parse(first.slice("data: ".length).split("\n")[0] ?? "").result;
      for (const params of [{ message: { contextId } }, { message: { taskId } }, { id: taskId }]) {
        const answer = await open(`${two.url}/a2a`, { headers, body: JSON.stringify({ params }) });
        expect(answer.headers["x-release"]).toBe("canary");
        expect(answer.headers["x-perch-session"]).toBe(streams[index]?.headers["x-perch-session"]);
        answer.destroy();
      }
      streams[index]?.destroy();
    }
  });

  test("begin a session on the release of an override token, at weight 0 too, and on no other token's word", async () => {
    await publish(0);
    const now = Date.now();
    const override = { id: "o-1", agent: parseAgentName("support"), release: "2.3.1", session: null };
    const token = mintOverride({ ...override, expiresAt: now + 60_000 }, now, secrets);
    const session = randomUUID();
    const headers = { "x-perch-override": token, "x-perch-release": CANARY };
    expect((await ask(gateways[0], "/chat", { session, headers })).text).toBe("canary");
    expect((await ask(gateways[1], "/chat", { session })).text).toBe("canary");
    const why = await call(`${gateways[1].url}/-/why?agent=support&session=${session}`);
    expect(JSON.parse(why.text)).toMatchObject({
      override: "o-1",
      rollout: null,
      rule: expect.stringContaining("o-1"),
    });
    const forged = mintOverride({ ...override, expiresAt: now + 60_000 }, now, ["x".repeat(32)]);
    const ignored = await ask(gateways[0], "/chat", { session: randomUUID(), headers: { "x-perch-override": forged } });
    expect([ignored.text, ignored.headers["x-perch-override"]]).toEqual(["baseline", "ignored"]);
    const late = await ask(gateways[0], "/chat", { session: String(ignored.headers["x-perch-session"]), headers });
    expect([late.status, JSON.parse(late.text).error.code]).toEqual([409, "session_already_placed"]);
  });

  test("serve the agent of the request's host, and of the path where no agent has the host", async () => {
    const other = await call(`${gateways[0].url}/support/chat`, { headers: { "x-session-id": "h-1" } });
    const named = await ask(gateways[0], "/support/chat", { session: "h-1" });
    expect([other.status, named.status]).toEqual([200, 200]);
    const agentsOf = ["support", "other"].map((agent) =>
      call(`${gateways[0].url}/-/why?agent=${agent}&session=h-1`).then(({ status }) => status),
    );
    expect(await Promise.all(agentsOf)).toEqual([200, 200]);
  });

  test("lose Redis and get it back empty: nobody switches, and everything is written again", async () => {
    const [one, two] = gateways;
    await publish(5000);
    const [early, silent] = [names(30, "early"), names(30, "silent")];
    const before = await servedAll(one, early);
    const silentBefore = await servedAll(one, silent);
    await redis.kill();
    await until(
      () => one.log() + two.log(),
      (log) => log.split("the pin store is away").length >= 3,
    );
    const during = names(30, "during");
    const first = await servedAll(one, during);
    expect((await servedAll(two, during)).releases).toEqual(first.releases);
    expect(new Set(first.releases).size).toBe(2);
    await publish(0);
    // By the pin that the client brings, at a gateway that never met it; else by what the gateway remembers.
    expect((await servedAll(two, early, before.pins)).releases).toEqual(before.releases);
    expect((await servedAll(one, silent)).releases).toEqual(silentBefore.releases);
    expect((await servedAll(two, during, first.pins)).releases).toEqual(first.releases);
    const away = await statusOf(one);
    expect(away.pins.storeFaults).toBeGreaterThan(0);
    expect(away.pins.unwritten).toBeGreaterThanOrEqual(30);
    expect(away.pins.live).toContainEqual({ agent: "support", release: BASELINE, version: "2.3.0", pins: null });

    await redis.restart();
    for (const gateway of gateways) {
      await until(
        async () => (await statusOf(gateway)).pins,
        (pins) => pins.unwritten === 0 && pins.live.every(({ pins: count }: { pins: unknown }) => count !== null),
      );
    }
    const fresh = await startGateway(["--data", temporaryDirectory(), "--server", server.url, "--pins", redis.url]);
    await until(
      () => server.acks.some((ack) => ack.gateway === fresh.id),
      (isThere) => isThere,
    );
    const after = await Promise.all([early, silent, during].map((sessions) => servedAll(fresh, sessions)));
    expect(after.map(({ releases }) => releases)).toEqual([before.releases, silentBefore.releases, first.releases]);
    for (const gateway of gateways) expect((await statusOf(gateway)).pins).toMatchObject({ conflicts: 0, dropped: 0 });
  });
});

test("a gateway starts and serves although its pin store is away, and says so without telling the password", async () => {
  const server = await startServer();
  const baseline = await startAgent((_request, response) => response.end("baseline"));
  server.publish(tableOf({ sequence: 1, baseline: [baseline.url] }));
  const flags = ["--data", temporaryDirectory(), "--server", server.url, "--pins", "redis://:s3cret@127.0.0.1:1/0"];
  const gateway = await startGateway(flags);
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  const answer = await call(`${gateway.url}/support/chat`, { headers: { "x-session-id": "s" } });
  expect(answer.text).toBe("baseline");
  expect(gateway.log()).toContain("redis://127.0.0.1:1/0");
  expect(gateway.log()).not.toContain("s3cret");
  await cleanUp();
});

test.each([
  [["--pins", "http://127.0.0.1"], "flag_invalid"],
  [["--pin-secret-file", "/nowhere/secret"], "secret_unusable"],
])("bad flags %j end the start with %s", async (flags, code) => {
  const start = startGateway(["--data", temporaryDirectory(), "--server", "http://127.0.0.1:1", ...flags]);
  await expect(start).rejects.toThrow(`"code":"${code}"`);
  await cleanUp();
});
