import { fileURLToPath } from "node:url";
import { startHttpServer, type HttpServer } from "@perch/testkit/servers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { perch } from "./index.ts";
import { GATEWAY_SPAN, gatewayHeaders, TRACE } from "./it/recorded-spans.ts";
import { startAgent, until, type Started } from "./it/stage.ts";

let collector: HttpServer;
let agent: Started | null = null;
beforeEach(async () => {
  collector = await startHttpServer((_request, response) => void response.end());
});
afterEach(async () => {
  await agent?.stop();
  await collector.stop();
});

async function run(program: string, env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const main = fileURLToPath(new URL(`it/${program}.ts`, import.meta.url));
  agent = await startAgent({ main, env }, `http://${collector.host}`);
  return agent;
}

const ask = async ({ url }: Started, headers: Record<string, string>): Promise<string> =>
  await (await fetch(`${url}/chat`, { method: "POST", body: "hello", headers })).text();
const bytesOf = (hex: string): string => Buffer.from(hex, "hex").toString("latin1");

test("an agent on Hono that knows nothing of Perch sends its spans, attributed, in the gateway's trace", async () => {
  const hono = await run("hono-agent", { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20t" });
  expect(await ask(hono, gatewayHeaders("canary"))).toBe("heard hello");
  await until("the spans", () => collector.received.length > 0);
  const [post] = collector.received;
  expect(post?.path).toBe("/v1/traces");
  expect(post?.headers["authorization"]).toBe("Bearer t");
  const text = post?.body.toString("latin1") ?? "";
  for (const part of [
    "answer",
    "perch.session.id",
    "s-1",
    "canary",
    "sha256:ab",
    bytesOf(TRACE),
    bytesOf(GATEWAY_SPAN),
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain("nope");
});

test("an agent that is told to stop sends what is waiting first, and stops", async () => {
  const hono = await run("hono-agent");
  await ask(hono, gatewayHeaders("canary"));
  await hono.stop();
  // Nothing else is sent; some of it may have gone before, on a timer.
  expect(new Set(collector.received.map(({ path }) => path))).toEqual(new Set(["/v1/traces"]));
});

test("an application with a tracer provider keeps it, and nothing is sent a second time", async () => {
  const own = await run("own-provider-agent");
  const { provider, spans } = JSON.parse(await ask(own, gatewayHeaders("canary"))) as {
    provider: string;
    spans: unknown;
  };
  expect(provider).toBe("application");
  expect(spans).toEqual([
    {
      name: "answer",
      parent: GATEWAY_SPAN,
      attributes: {
        "perch.release": "sha256:ab",
        "perch.arm": "canary",
        "perch.session.id": "s-1",
        "perch.rollout": "support-2",
      },
    },
  ]);
  await own.stop();
  expect(collector.received).toEqual([]);
});

test("with OTEL_SDK_DISABLED nothing is sent, and a shadow still pays nothing", async () => {
  const silent = await run("refund-agent", { OTEL_SDK_DISABLED: "true", PAID_FILE: "/dev/null" });
  const headers = gatewayHeaders("shadow");
  const answer = await fetch(silent.url, { method: "POST", body: '{"amount":1}', headers });
  expect(await answer.json()).toMatchObject({ refundId: "none, this is a shadow", session: { isShadow: true } });
  const paying = await fetch(silent.url, { method: "POST", body: '{"amount":1}', headers: gatewayHeaders("canary") });
  expect(await paying.json()).toMatchObject({ receipt: { kind: "skipped" } });
  await silent.stop();
  expect(collector.received).toEqual([]);
});

test("a request that comes another way is entered by its headers, and left with its end", async () => {
  const headers = new Headers(gatewayHeaders("shadow", "from-a-queue"));
  const seen = await perch.inRequest(headers, async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return { session: perch.session(), onward: perch.outgoingHeaders() };
  });
  expect(seen.session).toMatchObject({ session: "from-a-queue", isShadow: true });
  expect(seen.onward).toMatchObject({ "x-perch-shadow": "1", traceparent: expect.stringContaining(TRACE) });
  expect(perch.session()).toBeNull();
});
