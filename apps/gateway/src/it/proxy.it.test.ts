import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { afterEach, expect, test } from "vitest";
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
  type FakeServer,
  type Gateway,
} from "./harness.ts";
import { BASELINE, CANARY, tableOf } from "./tables.ts";

afterEach(cleanUp);

type AgentHandler = Parameters<typeof startAgent>[0];

async function gatewayBefore(
  handler: AgentHandler,
  args: readonly string[] = [],
): Promise<{ gateway: Gateway; server: FakeServer; chat: string }> {
  const agent = await startAgent(handler);
  const server = await startServer();
  server.publish(tableOf({ sequence: 1, baseline: [agent.url] }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url, ...args]);
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  return { gateway, server, chat: `${gateway.url}/support/chat` };
}

async function firstTurn(server: FakeServer): Promise<FakeServer["posted"][number] | undefined> {
  return (
    await until(
      () => server.posted,
      (posted) => posted.length > 0,
    )
  )[0];
}

test("streams events as the agent says them, before the answer is complete", async () => {
  let finish = (): void => {};
  const { server, chat } = await gatewayBefore((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: one\n\n");
    finish = () => response.end("data: two\n\n");
  });
  const answer = await open(chat);
  const events: string[] = [];
  answer.on("data", (chunk: Buffer) => events.push(chunk.toString()));
  await until(
    () => events.length,
    (count) => count === 1,
  );
  finish();
  await until(() => answer.complete, Boolean);
  expect(events).toEqual(["data: one\n\n", "data: two\n\n"]);
  expect(await firstTurn(server)).toMatchObject({
    kind: "turn",
    status: 200,
    fault: null,
    responseBytes: 22,
    agent: "support",
    release: BASELINE,
    arm: "baseline",
    rollout: null,
  });
});

test("sends an answer's head at once, while the agent still thinks", async () => {
  const { chat } = await gatewayBefore((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  });
  const answer = await open(chat);
  expect(answer.statusCode).toBe(200);
  answer.destroy();
});

test("a client that hangs up ends the agent's request, and is not the agent's failure", async () => {
  let isAgentLeft = false;
  const { server, chat } = await gatewayBefore((_request, response) => {
    response.writeHead(200).write("beginning");
    response.on("close", () => {
      isAgentLeft = true;
    });
  });
  const answer = await open(chat);
  answer.destroy();
  await until(() => isAgentLeft, Boolean);
  expect(await firstTurn(server)).toMatchObject({ status: 200, fault: "client_aborted" });
});

test("a client that hangs up before the first byte is recorded as 499", async () => {
  let [hasAgentAll, isAgentLeft] = [false, false];
  const { server, chat } = await gatewayBefore((request, response) => {
    request.resume().on("end", () => (hasAgentAll = true));
    response.on("close", () => {
      isAgentLeft = true;
    });
  });
  const sent = httpRequest(chat, { method: "POST" }).on("error", () => {});
  sent.end("{}");
  await until(() => hasAgentAll, Boolean);
  sent.destroy();
  await until(() => isAgentLeft, Boolean);
  expect(await firstTurn(server)).toMatchObject({ status: 499, fault: "client_aborted", requestBytes: 2 });
});

test("an agent that is down gives 502 with what to do, and a record", async () => {
  const server = await startServer();
  server.publish(tableOf({ sequence: 1, baseline: ["http://127.0.0.1:1"] }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  const answer = await call(`${gateway.url}/support/chat`, { body: '{"session":"s"}' });
  expect(answer.status).toBe(502);
  expect(JSON.parse(answer.text).error).toMatchObject({ code: "upstream_unreachable" });
  expect(await firstTurn(server)).toMatchObject({ status: 502, fault: "upstream_unreachable", session: "s" });
});

test("a request goes to another URL of the release when nobody listens at the first, body and all", async () => {
  const bodies: string[] = [];
  const { server, gateway, chat } = await gatewayBefore(() => {});
  const agent = await startAgent((request, response) => {
    void readAll(request).then((body) => {
      bodies.push(body);
      response.end("ok");
    });
  });
  server.publish(tableOf({ sequence: 2, baseline: ["http://127.0.0.1:1", agent.url, "http://127.0.0.1:2"] }));
  await until(
    () => server.acks.at(-1)?.sequence,
    (sequence) => sequence === 2,
  );
  const big = `{"session":"big","text":"${"x".repeat(300_000)}"}`;
  const answers = [];
  for (const session of ["a", "b", "c", "d"])
    answers.push(await call(chat, { headers: { "x-session-id": session }, body: session }));
  answers.push(await call(chat, { body: big }));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
  expect(bodies).toEqual(["a", "b", "c", "d", big]);
  expect(gateway.log()).not.toContain('"error"');
});

test("an agent that stalls before its first byte gives 504", async () => {
  const { server, chat } = await gatewayBefore(() => {}, ["--upstream-timeout", "0.3"]);
  const answer = await call(chat);
  expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([504, "upstream_stalled"]);
  expect(await firstTurn(server)).toMatchObject({ status: 504, fault: "upstream_stalled", firstByteMs: null });
});

test("an agent that dies in mid-answer breaks the client's connection, and the record says so", async () => {
  const { server, chat } = await gatewayBefore((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: one\n\n");
    setTimeout(() => response.destroy(), 50);
  });
  const answer = await open(chat);
  await expect(readAll(answer)).rejects.toThrow();
  expect(await firstTurn(server)).toMatchObject({ status: 200, fault: "upstream_reset", responseBytes: 11 });
});

test("an agent that breaks off before its answer is not asked again", async () => {
  let requests = 0;
  const { server, chat } = await gatewayBefore((request) => {
    requests += 1;
    request.socket.destroy();
  });
  const answer = await call(chat);
  expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([502, "upstream_reset"]);
  expect(await firstTurn(server)).toMatchObject({ status: 502, fault: "upstream_reset" });
  expect(requests).toBe(1);
});

test("an unknown agent gives 404 that names the known ones; a malformed session id 400", async () => {
  const { gateway, chat } = await gatewayBefore((_request, response) => response.end());
  const unknown = await call(`${gateway.url}/sales/chat`);
  expect(unknown.status).toBe(404);
  expect(JSON.parse(unknown.text).error).toMatchObject({
    code: "unknown_agent",
    message: expect.stringContaining("support at /support"),
  });
  const malformed = await call(chat, { headers: { "x-session-id": "two words" } });
  expect([malformed.status, JSON.parse(malformed.text).error.code]).toEqual([400, "session_id_malformed"]);
});

test("a release without a URL gives 503, and a release that is no longer served 410, never the baseline", async () => {
  const { server, chat } = await gatewayBefore((_request, response) => response.end("served"));
  server.publish(tableOf({ sequence: 2, baseline: [], canary: [], weightBp: 10_000 }));
  await until(
    () => server.acks.at(-1)?.sequence,
    (sequence) => sequence === 2,
  );
  const headers = { "x-session-id": "pinned-to-canary" };
  expect(await call(chat, { headers })).toMatchObject({ status: 503, text: expect.stringContaining("not_deployed") });
  expect(await firstTurn(server)).toMatchObject({ status: 503, fault: "not_deployed", arm: "canary" });

  const gone = tableOf({ sequence: 3, baseline: ["http://127.0.0.1:1"] });
  server.publish({ ...gone, agents: gone.agents.map((agent) => ({ ...agent, releases: agent.releases.slice(0, 1) })) });
  await until(
    () => server.acks.at(-1)?.sequence,
    (sequence) => sequence === 3,
  );
  expect(await call(chat, { headers })).toMatchObject({ status: 410, text: expect.stringContaining("release_gone") });
});

test("a session of a release that was decommissioned is told that it is over, and ends", async () => {
  const { server, chat } = await gatewayBefore((_request, response) => response.end("served"));
  const table = tableOf({ sequence: 2, baseline: ["http://127.0.0.1:1"], weightBp: 10_000 });
  const agents = table.agents.map((agent) => ({
    ...agent,
    releases: agent.releases.map((release) => ({ ...release, isRetired: release.release === CANARY })),
  }));
  server.publish({ ...table, agents });
  await until(
    () => server.acks.at(-1)?.sequence,
    (sequence) => sequence === 2,
  );
  const answer = await call(chat, { headers: { "x-session-id": "pinned-to-canary" } });
  expect(answer).toMatchObject({ status: 410, text: expect.stringContaining("was decommissioned") });
  expect(await firstTurn(server)).toMatchObject({ status: 410, arm: "canary", endsSession: true });
});

test("the agent hears who it serves in headers and baggage; what the client claims about that is dropped", async () => {
  const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const { server, chat } = await gatewayBefore((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    response.writeHead(200, {
      "set-cookie": ["a=1", "b=2"],
      "x-perch-arm": "lies",
      connection: "x-secret",
      "x-secret": "1",
    });
    response.end("ok");
  });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const answer = await call(`${chat}?q=1`, {
    headers: {
      "x-session-id": "s,1",
      baggage: "perch.arm=canary",
      "x-perch-arm": "canary",
      traceparent: `00-${traceId}-b7ad6b7169203331-00`,
      tracestate: "vendor=1",
      connection: "x-drop-me",
      "x-drop-me": "1",
      te: "trailers",
      "x-kept": "1",
    },
  });
  expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2", expect.stringMatching(/^perch_pin=pin1\./)]);
  expect(answer.headers).toMatchObject({ "x-perch-session": "s,1", "x-perch-release": BASELINE });
  expect(answer.headers).not.toHaveProperty("x-perch-arm");
  expect(answer.headers).not.toHaveProperty("x-secret");
  const [{ url, headers } = { url: "", headers: {} }] = seen;
  expect(url).toBe("/chat?q=1");
  expect(headers).toMatchObject({
    baggage: `perch.release=${BASELINE},perch.arm=baseline,perch.session.id=s%2C1`,
    "x-perch-release": BASELINE,
    "x-perch-version": "2.3.0",
    "x-perch-arm": "baseline",
    "x-perch-session": "s,1",
    tracestate: "vendor=1",
    "x-kept": "1",
    "x-forwarded-for": "127.0.0.1",
  });
  expect(headers).not.toHaveProperty("x-drop-me");
  expect(headers).not.toHaveProperty("te");
  // A gateway that makes no spans puts none between the client's and the agent's.
  expect(headers.traceparent).toBe(`00-${traceId}-b7ad6b7169203331-00`);
  expect(await firstTurn(server)).toMatchObject({ traceId, session: "s,1" });
});

test("a minted session id comes back as cookie and header, and either keeps the session", async () => {
  const { server, chat } = await gatewayBefore((_request, response) => response.end("ok"));
  const first = await call(chat, { headers: { "content-type": "application/json" }, body: "{ not json" });
  const session = first.headers["x-perch-session"];
  const cookie = `perch_session=${String(session)}`;
  expect(first.headers["set-cookie"]).toEqual([
    `${cookie}; Path=/support; HttpOnly; SameSite=Lax`,
    expect.stringMatching(/^perch_pin=pin1\.[^;]+; Max-Age=60; Path=\/support; HttpOnly; SameSite=Lax$/),
  ]);
  const second = await call(chat, { headers: { cookie: `other=1; ${cookie}` } });
  const third = await call(chat, { headers: { "x-perch-session": String(session) } });
  expect([second, third].map((answer) => answer.headers["x-perch-session"])).toEqual([session, session]);
  expect(second.headers["set-cookie"]).toBeUndefined();
  const turns = await until(
    () => server.posted,
    (posted) => posted.length === 3,
  );
  expect(new Set(turns.map((turn) => turn.session)).size).toBe(1);
});

test("a long body passes unchanged, and its session id is found at its beginning", async () => {
  const digests: string[] = [];
  const { server, chat } = await gatewayBefore((request, response) => {
    const hash = createHash("sha256");
    request.on("data", (chunk: Buffer) => hash.update(chunk));
    request.on("end", () => {
      digests.push(hash.digest("hex"));
      response.end("ok");
    });
  });
  const body = JSON.stringify({ session: "long", text: randomBytes(4_000_000).toString("base64") });
  for (const headers of [{}, { "transfer-encoding": "chunked" }]) {
    const answer = await call(chat, { headers: { "content-type": "application/json", ...headers }, body });
    expect([answer.status, answer.headers["x-perch-session"]]).toEqual([200, "long"]);
  }
  const expected = createHash("sha256").update(body).digest("hex");
  expect(digests).toEqual([expected, expected]);
  const turns = await until(
    () => server.posted,
    (posted) => posted.length === 2,
  );
  expect(turns.map((turn) => turn.requestBytes)).toEqual([body.length, body.length]);
});

test("a slow client slows the agent down instead of filling the gateway's memory", async () => {
  let written = 0;
  const { chat } = await gatewayBefore((_request, response) => {
    const block = Buffer.alloc(65_536);
    const pump = (): void => {
      let hasRoom = true;
      while (hasRoom && written < 200_000_000) {
        hasRoom = response.write(block);
        written += block.length;
      }
    };
    response.on("drain", pump);
    pump();
  });
  const answer = await open(chat);
  answer.pause();
  let before = -1;
  await until(
    async () => {
      const was = before;
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return was;
    },
    (was) => was > 0 && was === written,
  );
  expect(written).toBeLessThan(50_000_000);
  answer.destroy();
});

test("an agent that answers before it has read the request is heard all the same", async () => {
  const { chat } = await gatewayBefore((_request, response) => {
    response.writeHead(413).end("too much");
  });
  const answer = await call(chat, { headers: { "x-session-id": "s" }, body: Buffer.alloc(200_000) });
  expect([answer.status, answer.text]).toEqual([413, "too much"]);
});

test("the agent's word that a session is over ends it: with an answer as part of a turn, on an empty 204 alone", async () => {
  const { server, chat } = await gatewayBefore((request, response) => {
    response.writeHead(request.url === "/chat/end" ? 204 : 200, { "x-perch-session-end": "1" }).end();
  });
  const headers = { "x-session-id": "s" };
  const answer = await call(chat, { headers });
  expect(answer.headers["x-perch-session-end"]).toBe("1");
  await call(`${chat}/end`, { headers, method: "POST" });
  const turns = await until(
    () => server.posted,
    (posted) => posted.length === 2,
  );
  expect(turns.map(({ kind, endsSession }) => ({ kind, endsSession }))).toEqual([
    { kind: "turn", endsSession: true },
    { kind: "sessionEnd", endsSession: true },
  ]);
});

test("an answer to HEAD has no body but the agent's length", async () => {
  const { chat } = await gatewayBefore((_request, response) => response.setHeader("content-length", "5").end("12345"));
  expect(await call(chat, { method: "HEAD" })).toMatchObject({
    status: 200,
    text: "",
    headers: { "content-length": "5" },
  });
});
