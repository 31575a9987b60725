import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { readFirstMessage } from "../websocket/first-message.ts";
import { createTestGateway } from "./in-process.ts";
import {
  cleanUp,
  onCleanUp,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type FakeServer,
} from "./harness.ts";
import { rawClient } from "./raw-client.ts";
import { BASELINE, CANARY, tableOf } from "./tables.ts";

afterEach(cleanUp);

type FakeSocketAgent = {
  readonly url: string;
  readonly heard: string[];
  readonly heads: { readonly [name: string]: unknown }[];
  readonly sockets: Socket[];
};

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, body.byteLength]), body]);
}

/** Takes every WebSocket up, greets, and answers each message with its own name. */
async function socketAgent(name: string, fields: readonly string[] = []): Promise<FakeSocketAgent> {
  const agent: { heard: string[]; heads: FakeSocketAgent["heads"]; sockets: Socket[] } = {
    heard: [],
    heads: [],
    sockets: [],
  };
  const server = createHttpServer((_request, response) => response.writeHead(403).end("no"));
  server.on("upgrade", (request, socket: Socket) => {
    agent.heads.push(request.headers);
    agent.sockets.push(socket);
    const accept = createHash("sha1")
      .update(`${String(request.headers["sec-websocket-key"])}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const head = [
      "HTTP/1.1 101 Switching Protocols",
      "Connection: Upgrade",
      "Upgrade: websocket",
      `Sec-WebSocket-Accept: ${accept}`,
    ];
    socket.write(`${[...head, ...fields].join("\r\n")}\r\n\r\n`);
    socket.write(frame(`hello from ${name}`));
    socket
      .on("error", () => {})
      .on("data", (chunk: Buffer) => {
        const first = readFirstMessage(chunk);
        if (first.kind !== "message") return;
        agent.heard.push(first.text);
        socket.write(frame(`${name}: ${first.text}`));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onCleanUp(async () => {
    for (const socket of agent.sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { ...agent, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` };
}

async function before(
  table: ReturnType<typeof tableOf>,
): Promise<{ server: FakeServer; socketUrl: string; url: string }> {
  const server = await startServer();
  server.publish(table);
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  return { server, url: gateway.url, socketUrl: `${gateway.url.replace("http:", "ws:")}/support/socket` };
}

async function talk(
  url: string,
  protocols: string[] = [],
): Promise<{ socket: WebSocket; heard: string[]; closed: Promise<number> }> {
  const heard: string[] = [];
  const socket = new WebSocket(url, protocols);
  socket.addEventListener("message", (event) => heard.push(String(event.data)));
  const closed = new Promise<number>((resolve) => socket.addEventListener("close", (event) => resolve(event.code)));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("the WebSocket was not opened")), { once: true });
  });
  return { socket, heard, closed };
}

test("where intents are drawn, a WebSocket's first message decides, and where nobody looks into it, its agent may greet", async () => {
  const [baseline, canary] = [await socketAgent("baseline"), await socketAgent("canary")];
  const rules = [{ intent: "refund", confidence: 1, when: [{ kind: "words", anyOf: ["refund"] }] }] as const;
  const classifier = { kind: "rules", name: "mine", version: "1", rules } as const;
  const drawing = (sequence: number, text: readonly { kind: "wsFrame"; pointer: string }[]) => {
    const strategy = { kind: "intent", include: ["refund"], minConfidence: 0.8, text, classifier, auditBp: 0 } as const;
    return tableOf({ sequence, weightBp: 10_000, strategy, baseline: [baseline.url], canary: [canary.url] });
  };
  const { server, socketUrl } = await before(drawing(1, [{ kind: "wsFrame", pointer: "/said" }]));
  for (const [said, name] of [
    ["a refund", "canary"],
    ["hello", "baseline"],
  ]) {
    const { socket, heard } = await talk(socketUrl);
    socket.send(JSON.stringify({ said }));
    await until(
      () => heard,
      (all) => all.length === 2,
    );
    expect(heard[0]).toBe(`hello from ${name}`);
    socket.close();
  }
  server.publish(drawing(2, []));
  await until(
    () => server.acks.length,
    (acks) => acks > 1,
  );
  const { socket, heard } = await talk(socketUrl);
  await until(
    () => heard,
    (all) => all.length === 1,
  );
  expect(heard).toEqual(["hello from baseline"]);
  socket.close();
});

test("a WebSocket goes both ways to the release of its session, and leaves one record with its bytes", async () => {
  const agent = await socketAgent("baseline");
  const { server, socketUrl } = await before(tableOf({ sequence: 1, baseline: [agent.url] }));
  const { socket, heard, closed } = await talk(socketUrl);
  socket.send("one");
  await until(
    () => heard,
    (all) => all.length === 2,
  );
  socket.send("two");
  await until(
    () => heard,
    (all) => all.length === 3,
  );
  expect(heard).toEqual(["hello from baseline", "baseline: one", "baseline: two"]);
  expect(server.posted).toEqual([]);
  agent.sockets[0]?.end(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
  expect(await closed).toBe(1000);
  const [turn] = await until(
    () => server.posted,
    (posted) => posted.length > 0,
  );
  expect(turn).toMatchObject({ kind: "turn", status: 101, fault: null, release: BASELINE });
  expect(turn?.responseBytes).toBeGreaterThan(40);
  expect(turn?.requestBytes).toBeGreaterThan(10);
  expect(agent.heads[0]).toMatchObject({ "x-perch-release": BASELINE, connection: "Upgrade", upgrade: "websocket" });
});

test("a WebSocket stays with its release when the weight changes; the next of its session goes there too", async () => {
  const [baseline, canary] = [await socketAgent("baseline"), await socketAgent("canary")];
  const table = (sequence: number, weightBp: number): ReturnType<typeof tableOf> =>
    tableOf({
      sequence,
      weightBp,
      baseline: [baseline.url],
      canary: [canary.url],
      agent: { sessionExtractors: [{ kind: "cookie", name: "sid" }] },
    });
  const { server, url } = await before(table(1, 10_000));
  const request =
    "GET /support/socket HTTP/1.1\r\nHost: a\r\nCookie: sid=s-1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  const first = rawClient(url, request);
  await until(first.text, (text) => text.includes("hello from canary"));
  expect(first.text()).toContain(`x-perch-release: ${CANARY}\r\n`);
  server.publish(table(2, 0));
  await until(
    () => server.acks.at(-1)?.sequence,
    (sequence) => sequence === 2,
  );
  // A masked text frame that says "x".
  first.socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]));
  await until(first.text, (text) => text.includes("canary: x"));
  const second = rawClient(url, request);
  await until(second.text, (text) => text.includes("hello from canary"));
  first.socket.destroy();
  second.socket.destroy();
  await until(() => canary.sockets.every((socket) => socket.destroyed || socket.readableEnded), Boolean);
});

test("a WebSocket that the agent refuses is refused with the agent's own answer", async () => {
  const server = createHttpServer((_request, response) => response.writeHead(401).end("who are you?"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onCleanUp(() => void server.close());
  const address = server.address();
  const { url } = await before(
    tableOf({ sequence: 1, baseline: [`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`] }),
  );
  const client = rawClient(
    url,
    "GET /support/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await until(client.text, (text) => text.includes("who are you?"));
  expect(client.text()).toMatch(/^HTTP\/1\.1 401 /);
  client.socket.destroy();
});

test("each half of a WebSocket ends by itself", async () => {
  const agent = await socketAgent("a");
  const { url } = await before(tableOf({ sequence: 1, baseline: [agent.url] }));
  const client = rawClient(
    url,
    "GET /support/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await until(client.text, (text) => text.includes("hello from a"));
  const halfEnded = new Promise((resolve) => agent.sockets[0]?.once("end", resolve));
  client.socket.end();
  await halfEnded;
  agent.sockets[0]?.end(frame("last words"));
  expect(await client.ended).toBe("end");
  expect(client.text()).toContain("last words");
});

describe("a session that its first message names", () => {
  async function opening(agentFields: readonly string[] = []): Promise<{
    agent: FakeSocketAgent;
    url: string;
    claimed: string[];
    kept: { fault: unknown; status: number }[];
  }> {
    const agent = await socketAgent("agent", agentFields);
    const sessionExtractors = [{ kind: "wsFrame", pointer: "/session" } as const];
    const gateway = await createTestGateway({ urls: [agent.url], sessionExtractors });
    return { agent, url: gateway.url.replace("http:", "ws:"), claimed: gateway.claimed, kept: gateway.kept };
  }

  test("is heard before the agent is chosen, and the agent hears it all the same", async () => {
    const { agent, url, claimed } = await opening();
    const { socket, heard } = await talk(`${url}/support/socket`);
    expect([agent.heads, claimed]).toEqual([[], []]);
    socket.send('{"session":"named","text":"hi"}');
    await until(
      () => heard,
      (all) => all.length === 2,
    );
    expect(claimed).toEqual(["named"]);
    expect(agent.heard).toEqual(['{"session":"named","text":"hi"}']);
    expect(heard).toEqual(["hello from agent", 'agent: {"session":"named","text":"hi"}']);
    expect(agent.heads[0]).not.toHaveProperty("sec-websocket-extensions");
    socket.close();
  });

  test("agrees on the first protocol the client offers, and on no other", async () => {
    const good = await opening(["Sec-WebSocket-Protocol: chat.v2"]);
    const spoken = await talk(`${good.url}/support/socket`, ["chat.v2", "chat.v1"]);
    expect(spoken.socket.protocol).toBe("chat.v2");
    spoken.socket.send('{"session":"s"}');
    await until(
      () => spoken.heard,
      (all) => all.length === 2,
    );
    expect(good.agent.heads[0]?.["sec-websocket-protocol"]).toBe("chat.v2");
    spoken.socket.close();

    const odd = await opening(["Sec-WebSocket-Protocol: chat.v1"]);
    const refused = await talk(`${odd.url}/support/socket`, ["chat.v2", "chat.v1"]);
    refused.socket.send('{"session":"s"}');
    expect(await refused.closed).toBe(1013);
    expect(odd.kept).toMatchObject([{ status: 502, fault: "upstream_reset" }]);
  });

  test("is closed with a reason when the agent cannot be had, or the client speaks no WebSocket", async () => {
    const { url, agent } = await opening();
    for (const socket of agent.sockets) socket.destroy();
    const raw = rawClient(
      url.replace("ws:", "http:"),
      "GET /support/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    await until(raw.text, (text) => text.startsWith("HTTP/1.1 101 "));
    raw.socket.write(Buffer.from([0x81, 0x01, 0x78]));
    await raw.ended;
    expect(raw.text().endsWith("\x03\xf0400 Bad Request")).toBe(true);
  });
});
