import { digestOf, parseRolloutId, parseSessionId } from "@perch/domain";
import { aPin } from "@perch/testkit";
import { expect, test } from "vitest";
import { baggageOf, traceContextOf } from "./trace-context.ts";

const hex = (bytes: number): string => "ab".repeat(bytes);
const traceId = "0af7651916cd43dd8448eb211c80319c";

const parent = "b7ad6b7169203331";

test("without spans of the gateway's own the client's span stays the parent, and its flags stay", () => {
  expect(traceContextOf(`00-${traceId}-${parent}-03`, hex, null)).toEqual({
    traceId,
    spanId: parent,
    parentSpanId: parent,
    traceparent: `00-${traceId}-${parent}-03`,
    isContinued: true,
    isSampled: true,
  });
});

test("with spans a valid trace goes on under the gateway's span, and is kept if the sampler says so", () => {
  const asked: unknown[] = [];
  const sampler = (id: string, isSampled: boolean | null): boolean => {
    asked.push([id, isSampled]);
    return true;
  };
  expect(traceContextOf(`00-${traceId}-${parent}-02`, hex, sampler)).toEqual({
    traceId,
    spanId: hex(8),
    parentSpanId: parent,
    traceparent: `00-${traceId}-${hex(8)}-03`,
    isContinued: true,
    isSampled: true,
  });
  expect(traceContextOf(`00-${traceId}-${parent}-03`, hex, () => false).traceparent).toBe(`00-${traceId}-${hex(8)}-02`);
  expect(asked).toEqual([[traceId, false]]);
});

test("a later version with more fields is understood as far as version 00 goes", () => {
  expect(traceContextOf(`cc-${traceId}-${parent}-00-what-comes`, hex, null)).toMatchObject({
    traceId,
    isContinued: true,
    isSampled: false,
  });
});

test.each([
  undefined,
  "",
  "nonsense",
  `ff-${traceId}-${parent}-01`,
  `00-${"0".repeat(32)}-${parent}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${parent}-01`,
  `00-${traceId}-${parent}-01-more`,
])("%s begins a trace of our own", (incoming) => {
  expect(traceContextOf(incoming, hex, null)).toEqual({
    traceId: hex(16),
    spanId: hex(8),
    parentSpanId: null,
    traceparent: `00-${hex(16)}-${hex(8)}-01`,
    isContinued: false,
    isSampled: true,
  });
});

test("a trace that begins here and is not kept says so to the agent", () => {
  expect(traceContextOf(undefined, hex, () => false)).toMatchObject({
    traceparent: `00-${hex(16)}-${hex(8)}-00`,
    isSampled: false,
  });
});

test("baggage escapes what would end a value, and names a rollout only when there is one", () => {
  const release = digestOf("r");
  const pin = aPin({ release, session: parseSessionId('a,b;c="%\\') });
  expect(baggageOf(pin)).toBe(`perch.release=${release},perch.arm=baseline,perch.session.id=a%2Cb%3Bc%3D%22%25%5C`);
  expect(baggageOf({ ...pin, rollout: parseRolloutId("r-1") })).toMatch(/,perch\.rollout=r-1$/);
});
