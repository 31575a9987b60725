import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpHookSender } from "./http-hook-sender.ts";

const sender = createHttpHookSender();
const seen: { headers: Record<string, unknown>; body: string; url: string }[] = [];
let server: Server;
let base = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      seen.push({ headers: request.headers, body, url: request.url ?? "" });
      if (request.url === "/silent") return;
      if (request.url === "/endless") return void response.writeHead(200).write("x");
      if (request.url === "/away") return void response.writeHead(302, { location: "/elsewhere" }).end();
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const post = (path: string, timeoutMs = 5000) =>
  sender.post({ url: base + path, headers: { "webhook-id": "msg_1" }, body: '{"a":1}', timeoutMs });

test("posts body and headers, and tells the status", async () => {
  expect(await post("/ok")).toEqual({ status: 204, detail: "answered 204" });
  expect(seen.at(-1)).toMatchObject({
    body: '{"a":1}',
    headers: { "webhook-id": "msg_1", "content-type": "application/json" },
  });
});

test("follows no redirect", async () => {
  expect(await post("/away")).toMatchObject({ status: 302 });
  expect(seen.some(({ url }) => url === "/elsewhere")).toBe(false);
});

test("a receiver that says nothing costs its timeout and no more", async () => {
  expect(await post("/silent", 100)).toEqual({ status: null, detail: "did not answer within 100 ms" });
});

test("an answer without end is an answer", async () => {
  expect(await post("/endless")).toMatchObject({ status: 200 });
});

test("a receiver that is not there is a reply too, never an exception", async () => {
  const reply = await sender.post({ url: "http://127.0.0.1:9/x", headers: {}, body: "", timeoutMs: 2000 });
  expect(reply.status).toBeNull();
  expect(reply.detail).toContain("could not be reached");
});
