import type { IncomingHttpHeaders } from "node:http";
import { gatewayStatusSchema } from "@perch/api";
import { afterEach, expect, test } from "vitest";
import {
  call,
  cleanUp,
  open,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type Gateway,
} from "./harness.ts";
import { tableOf } from "./tables.ts";

afterEach(cleanUp);

type Handler = Parameters<typeof startAgent>[0];

async function before(handler: Handler, args: readonly string[] = []) {
  const agent = await startAgent(handler);
  const server = await startServer();
  server.publish(tableOf({ sequence: 1, baseline: [agent.url] }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url, ...args]);
  await until(
    () => new Set(server.acks.map((ack) => ack.gateway)).size,
    (count) => count === gateway.workers.length,
  );
  return { gateway, server, chat: `${gateway.url}/support/chat` };
}

const metricsOf = async ({ url }: Gateway): Promise<string> => (await call(`${url}/-/metrics`)).text;
const statusOf = async ({ url }: Gateway) =>
  gatewayStatusSchema.parse(JSON.parse((await call(`${url}/-/status`)).text));

test("metrics tell turns, refusals, open streams and the agent's connections as they are", async () => {
  const { gateway, chat } = await before((request, response) => {
    if (request.url === "/chat/events")
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    else response.end("ok");
  });
  await call(chat);
  await call(`${gateway.url}/nobody`);
  const events = await open(`${chat}/events`);
  const text = await metricsOf(gateway);
  expect(text).toMatch(
    /perch_gateway_turns_total\{agent="support",.*arm="baseline",status="2xx",fault="none",.*\} 1\n/,
  );
  expect(text).toMatch(/perch_gateway_turn_first_byte_seconds_count\{.*\} 1\n/);
  expect(text).toMatch(/perch_gateway_refusals_total\{code="unknown_agent",.*\} 1\n/);
  expect(text).toMatch(/perch_gateway_streams_open\{kind="events",.*\} 1\n/);
  expect(text).toMatch(/perch_gateway_upstream_connections\{.*state="busy",.*\} 1\n/);
  expect(text).toMatch(/perch_gateway_pin_store_operations_total\{operation="claim",outcome="done",.*\} [1-9]/);
  expect(text).toMatch(/perch_gateway_server_connected\{.*\} 1\n/);
  events.destroy();
  await until(
    () => metricsOf(gateway),
    (later) => /perch_gateway_streams_open\{kind="events",.*\} 0\n/.test(later),
  );
});

test("the status tells of lease and connection, and since when they are gone", async () => {
  const { gateway, server } = await before((_request, response) => response.end("ok"));
  // The server has the acknowledgement a moment before the gateway knows that it has.
  const first = await until(
    () => statusOf(gateway),
    ({ sync }) => typeof sync?.acknowledgedMs === "number",
  );
  expect(first).toMatchObject({
    revision: { epoch: 1, sequence: 1 },
    leaseValid: true,
    fencedSince: null,
    lease: { leaseMs: 10_000, renewedAt: expect.any(Number) },
    sync: { isConnected: true },
    draining: null,
    spans: null,
  });
  server.publish(tableOf({ sequence: 2, baseline: ["http://127.0.0.1:1"], leaseMs: 200 }));
  await until(
    () => server.acks.map(({ sequence }) => sequence),
    (sequences) => sequences.includes(2),
  );
  await server.close();
  const status = await until(
    () => statusOf(gateway),
    ({ fenced, sync }) => fenced && sync?.isConnected === false,
  );
  expect(status.fencedSince).toBeLessThanOrEqual(Date.now());
  expect(status.sync?.lastError?.reason).toMatch(/./);
});

test("a gateway is alive at once, and ready when it has a table", async () => {
  const server = await startServer();
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  const statusOfPage = async (page: string): Promise<number> => (await call(`${gateway.url}/-/${page}`)).status;
  expect([await statusOfPage("live"), await statusOfPage("ready")]).toEqual([200, 503]);
  server.publish(tableOf({ sequence: 1, baseline: [] }));
  await until(
    () => statusOfPage("ready"),
    (status) => status === 200,
  );
});

test("whichever worker is asked tells of all of them", async () => {
  const { gateway, chat } = await before((_request, response) => response.end("ok"), ["--workers", "2"]);
  for (let turn = 0; turn < 20; turn += 1) await call(chat);
  const text = await metricsOf(gateway);
  for (const worker of gateway.workers) {
    expect(text).toContain(`perch_gateway_table_sequence{gateway="${worker}"} 1\n`);
  }
  expect(text).toContain('perch_gateway_workers{state="reporting"} 2\n');
  const counts = [...text.matchAll(/^perch_gateway_turn_duration_seconds_count\{.*\} (\d+)$/gm)];
  expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(20);
  const { workers } = await statusOf(gateway);
  expect(workers?.reporting.map((one) => one.gateway).sort()).toEqual([...gateway.workers].sort());
});

test("spans go to the collector when the gateway is stopped at the latest, between the client's and the agent's", async () => {
  const posts: Buffer[] = [];
  const seen: IncomingHttpHeaders[] = [];
  const collector = await startAgent((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      posts.push(Buffer.concat(chunks));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  const { gateway, chat } = await before(
    (request, response) => {
      seen.push(request.headers);
      response.end("ok");
    },
    ["--otlp-endpoint", collector.url],
  );
  const [traceId, client] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  await call(chat, { headers: { traceparent: `00-${traceId}-${client}-01` } });
  await call(chat, { headers: { traceparent: `00-${traceId.replace("0af7", "1111")}-${client}-00` } });
  expect(await gateway.stop("SIGTERM")).toBe(0);
  const [, trace = "", told = "", flags] = String(seen[0]?.["traceparent"]).split("-");
  expect([trace, told === client, flags]).toEqual([traceId, false, "01"]);
  const has = (bytes: Buffer): boolean => Buffer.concat(posts).includes(bytes);
  // Of `Span` in OTLP's trace.proto: trace_id is field 1, span_id 2, parent_span_id 4.
  expect(has(Buffer.from(`0a10${traceId}1208${told}`, "hex"))).toBe(true);
  expect(has(Buffer.from(`2208${client}`, "hex"))).toBe(true);
  expect(has(Buffer.from("perch.gateway"))).toBe(true);
  // The client did not want the second one kept.
  expect(has(Buffer.from(traceId.replace("0af7", "1111"), "hex"))).toBe(false);
});
