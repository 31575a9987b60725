import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import { parseAgentName, parseSessionId, type TraceStore } from "@perch/domain";
import { aTurnRecord } from "@perch/testkit";
import { serve, type ServerType } from "@hono/node-server";
import { Hono } from "hono";
import { once } from "node:events";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createIntake } from "./intake.ts";
import { createCollectorRoutes } from "./routes.ts";

// Over a real socket, as exporters send: chunked, compressed, cut off.
const aTurn = aTurnRecord();
const aRequest = JSON.stringify({
  resourceSpans: [
    {
      scopeSpans: [
        {
          scope: { name: "gen_ai" },
          spans: [
            {
              traceId: aTurn.traceId,
              spanId: "b7ad6b7169203331",
              startTimeUnixNano: "1795403790892000000",
              attributes: [{ key: "gen_ai.operation.name", value: { stringValue: "chat" } }],
            },
          ],
        },
      ],
    },
  ],
});

let store: TraceStore;
let server: ServerType;
let port: number;

beforeEach(async () => {
  ({ store } = createMemoryTraceStore());
  const collector = createCollectorRoutes(
    createIntake({
      store,
      onShadowTurns: () => undefined,
      assembler: { noteTurns: () => undefined, noteSpans: () => undefined },
      sentiment: { scoreOf: () => 0 },
      now: () => 0,
      maxBodyBytes: 1_000_000,
    }),
  );
  server = serve({ fetch: new Hono().route("/", collector).fetch, port: 0, hostname: "127.0.0.1" });
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.close();
  await once(server, "close");
});

function send(headers: Record<string, string>) {
  const sent = request({ port, host: "127.0.0.1", path: "/v1/traces", method: "POST", agent: false, headers });
  const status = new Promise<number | string>((resolve) => {
    sent.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", (error) => resolve(error.message));
  });
  return { sent, status };
}

async function storedSpans() {
  await store.appendTurns([aTurn]);
  return (await store.evidenceOf([{ agent: parseAgentName("support"), session: parseSessionId("session-1") }]))[0]
    ?.spans;
}

test("takes a compressed body that comes in chunks", async () => {
  const body = gzipSync(aRequest);
  const { sent, status } = send({ "content-type": "application/json", "content-encoding": "gzip" });
  for (let at = 0; at < body.length; at += 50) {
    sent.write(body.subarray(at, at + 50));
    await pause(1);
  }
  sent.end();
  expect(await status).toBe(200);
  expect(await storedSpans()).toHaveLength(1);
});

test("answers 413 to an endless body without reading it all, and goes on serving", async () => {
  const { sent, status } = send({ "content-type": "application/json" });
  const chunk = Buffer.alloc(100_000, " ");
  const progress = { written: 0, isAnswered: false };
  void status.then(() => (progress.isAnswered = true));
  while (!progress.isAnswered && progress.written < 200_000_000) {
    if (!sent.write(chunk)) await Promise.race([once(sent, "drain"), status]);
    progress.written += chunk.length;
  }
  expect(await status).toBe(413);
  expect(progress.written).toBeLessThan(200_000_000);
  sent.destroy();
  const next = send({ "content-type": "application/json" });
  next.sent.end(aRequest);
  expect(await next.status).toBe(200);
});

test("a sender that hangs up half way leaves nothing behind, and the next is served", async () => {
  const { sent, status } = send({ "content-type": "application/json" });
  sent.write(aRequest.slice(0, 50));
  await pause(20);
  sent.destroy();
  await status;
  const next = send({ "content-type": "application/json" });
  next.sent.end(aRequest);
  expect(await next.status).toBe(200);
  expect(await storedSpans()).toHaveLength(1);
});
