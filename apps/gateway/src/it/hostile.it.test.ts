import { createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOSTILE_ANSWERS } from "./__fixtures__/hostile-answers.ts";
import { HOSTILE_REQUESTS } from "./__fixtures__/hostile-requests.ts";
import { call, cleanUp, startAgent, startGateway, startServer, temporaryDirectory, until } from "./harness.ts";
import { rawClient } from "./raw-client.ts";
import { tableOf } from "./tables.ts";

afterAll(cleanUp);

async function gatewayBefore(agentUrl: string): Promise<string> {
  const server = await startServer();
  server.publish(tableOf({ sequence: 1, baseline: [agentUrl] }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  return gateway.url;
}

describe("a hostile request", () => {
  const seen: string[] = [];
  let url = "";

  beforeAll(async () => {
    const agent = await startAgent((request, response) => {
      seen.push(request.url ?? "");
      response.end("honest");
    });
    url = await gatewayBefore(agent.url);
  });

  test.each(HOSTILE_REQUESTS)("is refused before any of it reaches an agent: $name", async ({ bytes, status }) => {
    const before = seen.length;
    const client = rawClient(url, bytes);
    await client.ended;
    expect(client.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(client.text()).toContain("connection: close\r\n");
    expect(client.text().match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
    const honest = await call(`${url}/support/honest`, { headers: { "x-session-id": "s" } });
    expect([honest.status, honest.text]).toEqual([200, "honest"]);
    expect(seen.slice(before)).toEqual(["/honest"]);
  });

  test.each(HOSTILE_REQUESTS)("is refused just so when it comes in small pieces: $name", async ({ bytes, status }) => {
    const head = bytes.slice(0, 400);
    const client = rawClient(url, "");
    client.socket.setNoDelay(true);
    for (let at = 0; at < head.length && !client.socket.destroyed; at += 7) {
      client.socket.write(head.slice(at, at + 7), "latin1");
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!client.socket.destroyed) client.socket.write(bytes.slice(400), "latin1");
    await client.ended;
    expect(client.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

describe("a hostile answer", () => {
  let url = "";
  let agent: Server | null = null;
  const open = new Set<Socket>();

  beforeAll(async () => {
    agent = createServer((socket) => {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
      socket.on("data", (chunk: Buffer) => {
        const name = decodeURIComponent(/^GET \/(\S*) /.exec(chunk.toString("latin1"))?.[1] ?? "");
        const found = HOSTILE_ANSWERS.find((answer) => answer.name === name);
        socket.write(found?.bytes ?? "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhonest", "latin1");
      });
    });
    await new Promise<void>((resolve) => agent?.listen(0, "127.0.0.1", resolve));
    const address = agent.address();
    url = await gatewayBefore(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  });

  afterAll(() => {
    for (const socket of open) socket.destroy();
    agent?.close();
  });

  test.each(HOSTILE_ANSWERS)("is not passed on, and its connection is not used again: $name", async (hostile) => {
    for (const socket of open) socket.destroy();
    const target = `/support/${encodeURIComponent(hostile.name)}`;
    const client = rawClient(url, `GET ${target} HTTP/1.1\r\nHost: a\r\nx-session-id: s\r\nConnection: close\r\n\r\n`);
    const ending = await client.ended;
    const expected = {
      "502": /^HTTP\/1\.1 502 [^]*"code":"upstream_malformed"/,
      cut: /^HTTP\/1\.1 200 OK\r\n(?![^]*\r\n0\r\n\r\n$)|^$/,
      answered: /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n(?:2\r\nok\r\n0\r\n\r\n|ok)$/,
    }[hostile.becomes];
    expect(client.text()).toMatch(expected);
    expect(client.text()).not.toContain("poisoned");
    expect(["end", "cut"]).toContain(ending);
    await until(
      () => open.size,
      (size) => size === 0,
    );
    expect(await call(`${url}/support/fine`, { headers: { "x-session-id": "s" } })).toMatchObject({ text: "honest" });
  });
});
