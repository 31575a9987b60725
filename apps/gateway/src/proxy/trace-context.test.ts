import { digestOf, parseRolloutId, parseSessionId } from "@perch/domain";
import { aPin } from "@perch/testkit";
import { expect, test } from "vitest";
import { baggageOf, traceContextOf } from "./trace-context.ts";

const hex = (bytes: number): string => "ab".repeat(bytes);
const traceId = "0af7651916cd43dd8448eb211c80319c";

test("a valid trace goes on with its flags, under a new span", () => {
  expect(traceContextOf(`00-${traceId}-b7ad6b7169203331-01`, hex)).toEqual({
    traceId,
    traceparent: `00-${traceId}-abababababababab-01`,
    isContinued: true,
  });
});

test("a later version with more fields is understood as far as version 00 goes", () => {
  expect(traceContextOf(`cc-${traceId}-b7ad6b7169203331-00-what-comes`, hex)).toMatchObject({
    traceId,
    isContinued: true,
  });
});

test.each([
  undefined,
  "",
  "nonsense",
  `ff-${traceId}-b7ad6b7169203331-01`,
  `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-b7ad6b7169203331-01`,
  `00-${traceId}-b7ad6b7169203331-01-more`,
])("%s begins a trace of our own", (incoming) => {
  expect(traceContextOf(incoming, hex)).toEqual({
    traceId: hex(16),
    traceparent: `00-${hex(16)}-${hex(8)}-01`,
    isContinued: false,
  });
});

test("baggage escapes what would end a value, and names a rollout only when there is one", () => {
  const release = digestOf("r");
  const pin = aPin({ release, session: parseSessionId('a,b;c="%\\') });
  expect(baggageOf(pin)).toBe(`perch.release=${release},perch.arm=baseline,perch.session.id=a%2Cb%3Bc%3D%22%25%5C`);
  expect(baggageOf({ ...pin, rollout: parseRolloutId("r-1") })).toMatch(/,perch\.rollout=r-1$/);
});
