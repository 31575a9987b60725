import { createServer, type Socket } from "node:net";
import { request as httpRequest } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import {
  call,
  cleanUp,
  onCleanUp,
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
import { rawClient } from "./raw-client.ts";
import { tableOf } from "./tables.ts";

afterEach(cleanUp);

type Setting = { readonly gateway: Gateway; readonly server: FakeServer; readonly chat: string };

async function before(urls: readonly string[], args: readonly string[] = []): Promise<Setting> {
  const server = await startServer();
  server.publish(tableOf({ sequence: 1, baseline: urls }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url, ...args]);
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  return { gateway, server, chat: `${gateway.url}/support/chat` };
}

/** An agent that is told what to do with each of its connections. */
async function rawAgent(onConnection: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onCleanUp(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

/** An agent that says the same bytes to each request, and what it was asked so far. */
async function sayingAgent(answer: string): Promise<{ url: string; asked: () => string; connections: () => number }> {
  let asked = "";
  let connections = 0;
  const url = await rawAgent((socket) => {
    connections += 1;
    socket.on("data", (chunk: Buffer) => {
      asked += chunk.toString("latin1");
      socket.write(answer, "latin1");
    });
  });
  return { url, asked: () => asked, connections: () => connections };
}

const HEAD = "Host: gateway.example\r\nX-Session-Id: s\r\n";
const closing = `${HEAD}Connection: close\r\n\r\n`;

test("pipelined requests are answered in their order, one after another", async () => {
  const seen: string[] = [];
  const agent = await startAgent((request, response) => {
    seen.push(request.url ?? "");
    setTimeout(() => response.end(`<${request.url}>`), request.url === "/chat/1" ? 60 : 0);
  });
  const { gateway } = await before([agent.url]);
  const requests = [1, 2, 3].map(
    (n) => `GET /support/chat/${n} HTTP/1.1\r\n${HEAD}${n === 3 ? "Connection: close\r\n" : ""}\r\n`,
  );
  const client = rawClient(gateway.url, requests.join(""));
  await client.ended;
  expect(client.text().match(/<\/chat\/\d>/g)).toEqual(["</chat/1>", "</chat/2>", "</chat/3>"]);
  expect(seen).toEqual(["/chat/1", "/chat/2", "/chat/3"]);
});

test("a hundred pipelined refusals come back one by one on a connection that goes on", async () => {
  const { gateway } = await before(["http://127.0.0.1:1"]);
  const many = `GET /nowhere HTTP/1.1\r\n${HEAD}\r\n`.repeat(100);
  const client = rawClient(gateway.url, `${many}GET /-/healthz HTTP/1.1\r\n${closing}`);
  await client.ended;
  expect(client.text().match(/^HTTP\/1\.1 404 /gm)).toHaveLength(100);
  expect(client.text()).toContain('{"ok":true}');
});

test("HTTP/1.0: the connection ends with the answer, and a chunked answer comes without its chunks", async () => {
  const agent = await startAgent((request, response) => {
    response.write("one,");
    response.end(request.httpVersion);
  });
  const { gateway } = await before([agent.url]);
  const client = rawClient(gateway.url, "GET /support/chat HTTP/1.0\r\n\r\n");
  expect(await client.ended).toBe("end");
  expect(client.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(client.text()).not.toMatch(/transfer-encoding/i);
  expect(client.text()).toMatch(/\r\nconnection: close\r\n\r\none,1\.1$/);
});

test("HTTP/1.0 with keep-alive is kept alive as far as lengths allow", async () => {
  const agent = await startAgent((_request, response) => response.setHeader("content-length", "2").end("ok"));
  const { gateway } = await before([agent.url]);
  const request = "GET /support/chat HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  const client = rawClient(gateway.url, request);
  await until(client.text, (text) => text.endsWith("ok"));
  expect(client.text()).toContain("connection: keep-alive\r\n");
  client.socket.write(request);
  await until(client.text, (text) => (text.match(/\r\n\r\nok/g) ?? []).length === 2);
  client.socket.destroy();
});

test("an answer that only its end delimits reaches the client in chunks, and an agent of HTTP/1.0 is understood", async () => {
  const url = await rawAgent((socket) =>
    socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\nA: b\r\n\r\nuntil the end")),
  );
  const { chat } = await before([url]);
  const answer = await call(chat);
  expect([answer.text, answer.headers["transfer-encoding"]]).toEqual(["until the end", "chunked"]);
});

test.each([
  ["204", "HTTP/1.1 204 No Content\r\n\r\n", "GET"],
  ["204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET"],
  ["304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET"],
  ["HEAD of chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD"],
])("an answer without a body, %s, leaves both connections ready for the next", async (_name, bytes, method) => {
  const agent = await sayingAgent(bytes);
  const { gateway } = await before([agent.url]);
  const requests = `${method} /support/chat HTTP/1.1\r\n${HEAD}\r\n${method} /support/chat HTTP/1.1\r\n${closing}`;
  const client = rawClient(gateway.url, requests);
  await client.ended;
  expect(client.text().match(/^HTTP\/1\.1 \d{3}/gm)).toHaveLength(2);
  expect(client.text()).toMatch(/\r\n\r\n$/);
  expect(agent.connections()).toBe(1);
});

test("early hints go on before the answer, a 100 that nobody asked for does not", async () => {
  const agent = await sayingAgent(
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nx-perch-arm: lie\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  );
  const { gateway } = await before([agent.url]);
  const client = rawClient(gateway.url, `GET /support/chat HTTP/1.1\r\n${closing}`);
  await client.ended;
  expect(client.text()).toMatch(
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/,
  );
  expect(client.text()).not.toContain("lie");
});

test("an upload that waits for 100 Continue is told to go on, and arrives whole", async () => {
  const agent = await startAgent((request, response) => {
    void readAll(request).then((body) => response.end(`${body} ${String(request.headers.expect)}`));
  });
  const { gateway } = await before([agent.url]);
  const client = rawClient(
    gateway.url,
    `POST /support/chat HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n${closing}`,
  );
  await until(client.text, (text) => text === "HTTP/1.1 100 Continue\r\n\r\n");
  client.socket.write("body");
  await client.ended;
  expect(client.text()).toMatch(/\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*body undefined/);
});

test("an upload that waits for 100 Continue is refused before it is sent, where there is nobody to take it", async () => {
  const { gateway } = await before(["http://127.0.0.1:1"]);
  const client = rawClient(
    gateway.url,
    `POST /nowhere HTTP/1.1\r\n${HEAD}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`,
  );
  await client.ended;
  expect(client.text()).toMatch(/^HTTP\/1\.1 404 [^]*\r\nconnection: close\r\n/);
});

test("trailers go both ways, but none that could change what was said before", async () => {
  const agent = await startAgent((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { trailer: "x-sum" });
      response.write(JSON.stringify(request.trailers));
      response.addTrailers({ "x-sum": "42", "x-perch-arm": "lie" });
      response.end();
    });
  });
  const { gateway } = await before([agent.url]);
  const body = "3\r\nabc\r\n0\r\nX-Digest: d\r\nAuthorization: stolen\r\nX_Perch_Arm: lie\r\n\r\n";
  const client = rawClient(
    gateway.url,
    `POST /support/chat HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${closing}${body}`,
  );
  await client.ended;
  expect(client.text()).toContain('{"x-digest":"d"}');
  expect(client.text()).toMatch(/\r\n0\r\nx-sum: 42\r\n\r\n$/);
});

test("chunk extensions of an agent are left out, its data is passed on", async () => {
  const agent = await sayingAgent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0;c\r\n\r\n");
  const { gateway } = await before([agent.url]);
  const client = rawClient(gateway.url, `GET /support/chat HTTP/1.1\r\n${closing}`);
  await client.ended;
  expect(client.text()).toMatch(/\r\n\r\n2\r\nok\r\n0\r\n\r\n$/);
});

test("header fields keep their order and case both ways; underscored names of the gateway's own are dropped", async () => {
  const agent = await sayingAgent(
    "HTTP/1.1 200 Fine Indeed\r\nX-B: 1\r\nContent-Length: 2\r\nx-A: 2\r\nX-B: 3\r\n\r\nok",
  );
  const { gateway } = await before([agent.url]);
  const fields = "X-Zeta: 1\r\nx-alpha:   2  \r\nX_PERCH_ARM: lie\r\nX-Zeta: \xe4\r\n";
  const client = rawClient(gateway.url, `GET /support/chat HTTP/1.1\r\n${fields}${closing}`);
  await client.ended;
  expect(agent.asked()).toMatch(
    /^GET \/chat HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nX-Zeta: 1\r\nx-alpha: 2\r\nX-Zeta: \xe4\r\n/,
  );
  expect(agent.asked()).not.toContain("lie");
  expect(client.text()).toMatch(
    /^HTTP\/1\.1 200 Fine Indeed\r\nX-B: 1\r\nContent-Length: 2\r\nx-A: 2\r\nX-B: 3\r\nx-perch-session/,
  );
});

test("connections to the agent are used again, one after another", async () => {
  const agent = await sayingAgent("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const { chat } = await before([agent.url]);
  for (let round = 0; round < 5; round += 1) expect((await call(chat)).text).toBe("ok");
  expect(agent.connections()).toBe(1);
});

test("a connection that the agent closes while it is idle is not used again", async () => {
  const connections: Socket[] = [];
  const url = await rawAgent((socket) => {
    connections.push(socket);
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  const { chat } = await before([url]);
  expect((await call(chat)).text).toBe("ok");
  connections[0]?.end();
  // The gateway has seen it and has ended its half, too.
  await until(() => connections[0]?.closed, Boolean);
  expect((await call(chat)).text).toBe("ok");
  expect(connections).toHaveLength(2);
});

test("an answer may begin and end before the request's body does", async () => {
  const agent = await startAgent((request, response) => {
    request.once("data", () => response.writeHead(200, { "content-type": "text/plain" }).write("early,"));
    request.on("end", () => response.end("late"));
  });
  const { chat } = await before([agent.url]);
  const sent = httpRequest(chat, {
    method: "POST",
    agent: false,
    headers: { "x-session-id": "s", "content-length": 10 },
  });
  const answered = new Promise<AsyncIterable<unknown>>((resolve) => sent.once("response", resolve));
  sent.write("12345");
  const answer = await answered;
  sent.end("67890");
  expect(await readAll(answer)).toBe("early,late");
});

test("an upload does not outrun a slow agent, and goes on when the agent reads again", async () => {
  let received = 0;
  let read: (() => void) | null = null;
  const agent = await startAgent((request, response) => {
    read = () =>
      void request
        .on("data", (chunk: Buffer) => {
          received += chunk.byteLength;
        })
        .on("end", () => response.end(String(received)));
  });
  const { chat } = await before([agent.url]);
  const size = 60_000_000;
  const headers = { "x-session-id": "s", "content-length": size };
  const sent = httpRequest(chat, { method: "POST", agent: false, headers });
  const answered = new Promise<AsyncIterable<unknown>>((resolve) => sent.once("response", resolve));
  const block = Buffer.alloc(1_000_000);
  for (let at = 0; at < size; at += block.byteLength) sent.write(block);
  sent.end();
  const readOn = await until(
    () => read,
    (held) => held !== null,
  );
  await delay(500);
  // What the client could not send yet: the gateway and the operating system have the little rest.
  expect(sent.socket?.writableLength).toBeGreaterThan(30_000_000);
  readOn?.();
  expect(await readAll(await answered)).toBe(String(size));
});

test("a client that ends its half of the connection while it waits has hung up", async () => {
  let isAgentLeft = false;
  const agent = await startAgent((_request, response) => void response.on("close", () => (isAgentLeft = true)));
  const { gateway, server } = await before([agent.url]);
  const client = rawClient(gateway.url, `GET /support/chat HTTP/1.1\r\n${HEAD}\r\n`);
  client.socket.end();
  await until(() => isAgentLeft, Boolean);
  const [turn] = await until(
    () => server.posted,
    (posted) => posted.length > 0,
  );
  expect(turn).toMatchObject({ status: 499, fault: "client_aborted" });
});

test("a client that breaks off in the middle of its request breaks off the agent's too", async () => {
  let [hasBegun, isCut] = [false, false];
  const agent = await startAgent((request) => {
    request.once("data", () => (hasBegun = true)).on("close", () => (isCut = !request.complete));
  });
  const { gateway, server } = await before([agent.url]);
  const client = rawClient(gateway.url, `POST /support/chat HTTP/1.1\r\n${HEAD}Content-Length: 100\r\n\r\nhalf`);
  await until(() => hasBegun, Boolean);
  client.socket.end();
  await until(() => isCut, Boolean);
  const [turn] = await until(
    () => server.posted,
    (posted) => posted.length > 0,
  );
  expect(turn).toMatchObject({ status: 499, fault: "client_aborted", requestBytes: 4 });
});

test("a body that turns out malformed half way is refused, and the agent never has it whole", async () => {
  let [hasBegun, hasWhole] = [false, false];
  const agent = await startAgent((request) => {
    request.once("data", () => (hasBegun = true)).on("end", () => (hasWhole = true));
  });
  const { gateway } = await before([agent.url]);
  const client = rawClient(
    gateway.url,
    `POST /support/chat HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
  );
  await until(() => hasBegun, Boolean);
  client.socket.write("zz\r\n");
  await client.ended;
  expect(client.text()).toMatch(/^HTTP\/1\.1 400 /);
  expect(hasWhole).toBe(false);
});

test("a cut answer never looks complete: not one with a length, nor chunks, nor to HTTP/1.0", async () => {
  const url = await rawAgent((socket) =>
    socket.once("data", (chunk: Buffer) => {
      const framing = chunk.includes("/chunks")
        ? "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        : "Content-Length: 9\r\n\r\nabc";
      socket.write(`HTTP/1.1 200 OK\r\n${framing}`);
      setTimeout(() => socket.destroy(), 50);
    }),
  );
  const { gateway } = await before([url]);
  for (const target of ["length HTTP/1.1", "chunks HTTP/1.1", "chunks HTTP/1.0"]) {
    const client = rawClient(gateway.url, `GET /support/${target}\r\n${HEAD}\r\n`);
    await client.ended;
    expect(client.text()).toContain("abc");
    expect(client.text()).not.toMatch(/\r\n0\r\n\r\n$/);
  }
});

test("a request without an end is answered 408 and its connection closed, while others are served", async () => {
  const agent = await startAgent((_request, response) => response.end("ok"));
  const { gateway, chat } = await before([agent.url]);
  const slow = rawClient(gateway.url, "GET /support/chat HTTP/1.1\r\nHost: a\r\n");
  const drip = setInterval(() => slow.socket.write("x-a: b\r\n"), 500);
  const noBody = rawClient(gateway.url, "POST /support/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n{");
  const startedAt = Date.now();
  expect((await call(chat)).text).toBe("ok");
  await Promise.all([slow.ended, noBody.ended]);
  clearInterval(drip);
  expect([slow.text(), noBody.text()].map((text) => text.slice(0, 13))).toEqual(["HTTP/1.1 408 ", "HTTP/1.1 408 "]);
  expect(Date.now() - startedAt).toBeGreaterThan(9000);
});

test("a release gets as many requests at once as it may have, the next is told when to come again", async () => {
  const answers: (() => void)[] = [];
  const agent = await startAgent((_request, response) => void answers.push(() => response.end("done")));
  const { chat, server } = await before([agent.url], ["--max-concurrent", "2"]);
  const two = [call(chat), call(chat)];
  await until(
    () => answers.length,
    (count) => count === 2,
  );
  const third = await call(chat, { headers: { "x-session-id": "third" } });
  expect([third.status, third.headers["retry-after"], JSON.parse(third.text).error.code]).toEqual([
    503,
    "1",
    "release_busy",
  ]);
  for (const answer of answers.splice(0)) answer();
  expect((await Promise.all(two)).map(({ text }) => text)).toEqual(["done", "done"]);
  const fourth = call(chat);
  await until(
    () => answers.length,
    (count) => count === 1,
  );
  answers[0]?.();
  expect((await fourth).text).toBe("done");
  await until(
    () => server.posted.length,
    (count) => count === 4,
  );
});

test("a URL that breaks again and again is set aside for a while; nothing is sent twice", async () => {
  const seen = { broken: 0, good: 0 };
  const broken = await startAgent((request) => {
    seen.broken += 1;
    request.socket.destroy();
  });
  const good = await startAgent((_request, response) => {
    seen.good += 1;
    response.end("good");
  });
  const { chat } = await before([broken.url, good.url]);
  const sessions = Array.from({ length: 20 }, (_, index) => `s-${index}`);
  const answers = [];
  const startedAt = performance.now();
  for (const session of sessions) answers.push(await call(chat, { headers: { "x-session-id": session } }));
  // It is tried again after a second, and then after longer ones: on a machine that takes its time, within these calls.
  const triedAgain = Math.floor((performance.now() - startedAt) / 1000);
  expect(seen.broken).toBeGreaterThanOrEqual(3);
  expect(seen.broken).toBeLessThanOrEqual(3 + triedAgain);
  expect(seen.good).toBe(sessions.length - seen.broken);
  expect(answers.filter((answer) => answer.status === 502)).toHaveLength(seen.broken);
});

test("an event stream that is silent for long is kept open", async () => {
  const agent = await startAgent((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    setTimeout(() => response.end("data: at last\n\n"), 3000);
  });
  const { chat } = await before([agent.url], ["--upstream-timeout", "1"]);
  expect(await readAll(await open(chat))).toBe("data: at last\n\n");
});
