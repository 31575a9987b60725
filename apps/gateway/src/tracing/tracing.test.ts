import { digestOf, parseAgentName, parseRolloutId, parseSessionId } from "@perch/domain";
import { aTurnRecord } from "@perch/testkit";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { describe, expect, test } from "vitest";
import { parseTracing } from "../config/parse-tracing.ts";
import { GatewayError } from "../gateway-error.ts";
import { createSampler } from "./sampler.ts";
import { SpanQueue } from "./span-queue.ts";
import { toSpan, type TracedTurn } from "./turn-span.ts";

describe("where spans go and which are kept", () => {
  const ALWAYS = { root: { kind: "always", isSampled: true }, followsParent: true };

  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://d:2" };
  test.each([
    { what: "nothing is asked for", flag: undefined, env: {}, url: null },
    { what: "a base address", flag: "http://c:1/base/", env: {}, url: "http://c:1/base/v1/traces" },
    { what: "the flag wins", flag: "http://c:1", env: base, url: "http://c:1/v1/traces" },
    { what: "OpenTelemetry's name for it", flag: undefined, env: base, url: "http://d:2/v1/traces" },
    {
      what: "the name for traces alone",
      flag: undefined,
      env: { ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://e:3/x" },
      url: "http://e:3/x",
    },
    { what: "switched off", flag: undefined, env: { ...base, OTEL_SDK_DISABLED: "true" }, url: null },
    { what: "no exporter", flag: undefined, env: { ...base, OTEL_TRACES_EXPORTER: "none" }, url: null },
  ])("$what: $url", ({ flag, env, url }) => {
    expect(parseTracing(flag, env)).toEqual(url === null ? null : { url, sampler: ALWAYS });
  });

  test.each([
    ["--otlp-endpoint", "localhost", {}],
    ["OTEL_TRACES_SAMPLER", "http://c", { OTEL_TRACES_SAMPLER: "xray" }],
    ["OTEL_TRACES_SAMPLER_ARG", "http://c", { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "110 %" }],
  ])("a bad %s is refused by its name", (name, flag, env) => {
    expect(() => parseTracing(flag, env)).toThrow(GatewayError);
    expect(() => parseTracing(flag, env)).toThrow(name);
  });

  const low = `${"0".repeat(24)}00000001`;
  const high = `${"0".repeat(24)}ffffffff`;
  const kept = (OTEL_TRACES_SAMPLER: string, OTEL_TRACES_SAMPLER_ARG = "0.5"): boolean[] => {
    const env = { OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG };
    const config = parseTracing("http://c", env)?.sampler;
    if (config === undefined) throw new Error("no sampler");
    const sampler = createSampler(config);
    return [sampler(low, null), sampler(high, null), sampler(high, true), sampler(low, false)];
  };

  test.each([
    ["always_on", [true, true, true, true]],
    ["always_off", [false, false, false, false]],
    ["traceidratio", [true, false, false, true]],
    ["parentbased_always_on", [true, true, true, false]],
    ["parentbased_always_off", [false, false, true, false]],
    ["parentbased_traceidratio", [true, false, true, false]],
  ])("%s keeps what OpenTelemetry says it keeps", (name, expected) => {
    expect(kept(name)).toEqual(expected);
  });
});

describe("the span of a turn", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const turn = (more: Partial<TracedTurn> & { record?: TracedTurn["record"] } = {}): TracedTurn => ({
    record: aTurnRecord({
      agent: parseAgentName("support"),
      session: parseSessionId("s-1"),
      release: digestOf("r"),
      arm: "canary",
      rollout: parseRolloutId("r-1"),
      step: 2,
      startedAt: 1_700_000_000_123,
      durationMs: 1500.25,
      firstByteMs: 12.5,
      status: 200,
    }),
    trace: {
      traceId,
      spanId: "00f067aa0ba902b7",
      parentSpanId: "b7ad6b7169203331",
      traceparent: "",
      isContinued: true,
      isSampled: true,
    },
    version: "2.3.1",
    method: "POST",
    path: "/support/chat",
    route: "/support",
    host: "gw.example:4700",
    userAgent: "curl/8",
    clientAddress: "127.0.0.1",
    ...more,
  });
  const own = { resource: resourceFromAttributes({}), instrumentationScope: { name: "perch.gateway" } };

  test("continues the client's, has the id that the agent was told, and says whose turn it was", () => {
    const span = toSpan(turn(), own);
    expect(span.spanContext()).toMatchObject({ traceId, spanId: "00f067aa0ba902b7", traceFlags: 1 });
    expect(span.parentSpanContext).toMatchObject({ traceId, spanId: "b7ad6b7169203331", isRemote: true });
    expect([span.name, span.kind, span.status.code]).toEqual(["POST /support", 1, 0]);
    expect([span.startTime, span.duration]).toEqual([
      [1_700_000_000, 123_000_000],
      [1, 500_250_000],
    ]);
    expect(span.attributes).toMatchObject({
      "http.request.method": "POST",
      "http.route": "/support",
      "http.response.status_code": 200,
      "url.path": "/support/chat",
      "server.address": "gw.example",
      "server.port": 4700,
      "perch.release": digestOf("r"),
      "perch.arm": "canary",
      "perch.session.id": "s-1",
      "perch.rollout": "r-1",
      "perch.step": 2,
    });
  });

  test.each([
    [{ status: 503, fault: null }, 2, "503"],
    [{ status: 200, fault: "upstream_reset" } as const, 2, "upstream_reset"],
    [{ status: 404, fault: null }, 0, undefined],
    [{ status: 499, fault: "client_aborted" } as const, 0, undefined],
  ])("of %j is an error or none as servers see it", (outcome, code, type) => {
    const span = toSpan(turn({ record: aTurnRecord(outcome) }), own);
    expect([span.status.code, span.attributes["error.type"]]).toEqual([code, type]);
  });

  test("begins a trace when the client has none, and hides a method that anybody could make up", () => {
    const trace = { ...turn().trace, parentSpanId: null };
    const span = toSpan(turn({ trace, method: "BREW", host: undefined, userAgent: undefined }), own);
    expect([span.parentSpanContext, span.name]).toEqual([undefined, "HTTP /support"]);
    expect(span.attributes).toMatchObject({
      "http.request.method": "_OTHER",
      "http.request.method_original": "BREW",
    });
    expect(span.attributes).not.toHaveProperty("server.address");
  });
});

describe("the queue of spans", () => {
  type Timer = { ms: number; run: () => void };

  function createQueue(send: (items: readonly number[]) => Promise<void>) {
    const timers: Timer[] = [];
    const warnings: string[] = [];
    const queue = new SpanQueue<number>({
      send,
      later(ms, run) {
        const timer = { ms, run };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
      },
      log: { warn: (message) => void warnings.push(message) },
    });
    return { queue, timers, warnings };
  }

  async function quiet(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }

  test("sends a few after a moment and many at once, one batch after the other", async () => {
    const sent: number[] = [];
    const { queue, timers } = createQueue(async (items) => void sent.push(items.length));
    queue.add(0);
    queue.add(1);
    expect([timers.map(({ ms }) => ms), sent]).toEqual([[1000], []]);
    timers[0]?.run();
    await quiet();
    expect(sent).toEqual([2]);
    for (let item = 0; item < 300; item += 1) queue.add(item);
    await quiet();
    expect(sent).toEqual([2, 128, 128]);
    await queue.stop(10);
    expect(queue.counts()).toEqual({ queued: 0, sent: 302, dropped: 0, failed: 0 });
  });

  test("drops what is too much while the collector hangs, and gives up in time when it is stopped", async () => {
    const { queue, timers } = createQueue(() => new Promise(() => {}));
    for (let item = 0; item < 8192 + 128 + 5; item += 1) queue.add(item);
    expect(queue.counts()).toEqual({ queued: 8192, sent: 0, dropped: 5, failed: 0 });
    const stopped = queue.stop(2000);
    timers.find(({ ms }) => ms === 2000)?.run();
    await stopped;
    expect(queue.counts()).toMatchObject({ queued: 0, dropped: 8197 });
  });

  test("counts what the collector refuses, and tells of it rarely", async () => {
    const { queue, warnings } = createQueue(() => Promise.reject(new Error("down")));
    for (let item = 0; item < 1280; item += 1) queue.add(item);
    await queue.stop(10);
    expect([queue.counts().failed, warnings]).toEqual([1280, ["spans cannot be sent"]]);
  });
});
