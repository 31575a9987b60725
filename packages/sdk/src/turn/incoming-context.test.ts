import { context, propagation, trace } from "@opentelemetry/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GATEWAY_SPAN, gatewayHeaders, inRequest, recordSpans, TRACE } from "../it/recorded-spans.ts";
import { incomingContext } from "./incoming-context.ts";
import { outgoingHeaders } from "./outgoing-headers.ts";
import { readPerchSession } from "./perch-session.ts";

let spans: ReturnType<typeof recordSpans>;
beforeAll(() => {
  spans = recordSpans();
});
afterAll(() => spans.stop());

const active = () => trace.getSpanContext(context.active())?.spanId;

test("a request's trace goes on, whatever span the server was started in", () => {
  trace.getTracer("app").startActiveSpan("boot", (boot) => {
    expect(inRequest(gatewayHeaders("canary"), active)).toBe(GATEWAY_SPAN);
    boot.end();
  });
});

test("a span that an instrumentation has begun for the request stays the parent, and gets the gateway's baggage", () => {
  const remote = trace.setSpanContext(context.active(), { traceId: TRACE, spanId: GATEWAY_SPAN, traceFlags: 1 });
  trace.getTracer("http").startActiveSpan("POST", {}, remote, (server) => {
    const joined = incomingContext(gatewayHeaders("canary"));
    expect(trace.getSpanContext(joined)?.spanId).toBe(server.spanContext().spanId);
    expect(propagation.getBaggage(joined)?.getEntry("perch.arm")?.value).toBe("canary");
    server.end();
  });
});

test.each([
  { headers: {}, found: null },
  { headers: { "x-perch-arm": "canary" }, found: null },
  { headers: { baggage: "perch.session.id=s%201" }, found: { session: "s 1", arm: null, isShadow: false } },
  { headers: { "x-perch-session": "s", "x-perch-arm": "other" }, found: { session: "s", arm: null, isShadow: false } },
  { headers: { "x-perch-shadow": "1" }, found: { session: null, arm: "shadow", isShadow: true } },
  { headers: { "x-perch-session": "s", "x-perch-version": "2.3.0" }, found: { version: "2.3.0" } },
])("of $headers the session is $found", ({ headers, found }) => {
  const session = readPerchSession(headers, incomingContext(headers));
  expect(session).toEqual(found === null ? null : expect.objectContaining(found));
});

test("requests to others carry trace, the gateway's baggage and whether they are a shadow's, and nothing else", () => {
  const { traceparent, baggage, ...more } = inRequest(gatewayHeaders("shadow"), outgoingHeaders);
  expect(traceparent).toBe(`00-${TRACE}-${GATEWAY_SPAN}-01`);
  expect(baggage?.split(",").sort()).toEqual([
    "perch.arm=shadow",
    "perch.release=sha256%3Aab",
    "perch.rollout=support-2",
    "perch.session.id=s-1",
  ]);
  expect(more).toEqual({ "x-perch-shadow": "1" });
  expect(outgoingHeaders()).toEqual({});
});
