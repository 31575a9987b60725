import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { createIngestGate, type IngestGate } from "./ingest-gate.ts";

const LIMITS = { requestsPerSecond: 10, bytesPerSecond: 1000 };
let nowMs: number;
let limited: string[];
beforeEach(() => {
  nowMs = 5_000;
  limited = [];
});

function aGate(limits = LIMITS): IngestGate {
  const tokens = ["one", "other"].map((name) => ({
    name,
    sha256: createHash("sha256").update(`token-of-${name}`).digest("hex"),
    ...limits,
  }));
  return createIngestGate({ tokens, isLoopback: true, now: () => nowMs });
}

function admit(gate: IngestGate, name = "one") {
  return gate.admit(`Bearer token-of-${name}`, (who) => limited.push(who));
}

function refusalOf(gate: IngestGate, authorization: string | null) {
  try {
    gate.admit(authorization, (who) => limited.push(who));
    return null;
  } catch (error) {
    return error;
  }
}

describe("without tokens", () => {
  test("a server of this machine only is open to everybody", () => {
    const gate = createIngestGate({ tokens: null, isLoopback: true, now: () => 0 });
    expect(gate.admit(null, () => undefined).name).toBeNull();
  });

  test("a server that others can reach takes nothing, and says how to change that", () => {
    const gate = createIngestGate({ tokens: null, isLoopback: false, now: () => 0 });
    expect(refusalOf(gate, "Bearer x")).toMatchObject({
      code: "unauthenticated",
      hint: expect.stringContaining("--ingest-token-file"),
    });
  });
});

test("a sender is known by its token", () => {
  expect(admit(aGate(), "other").name).toBe("other");
  expect(aGate().admit("bearer  token-of-one ", () => undefined).name).toBe("one");
});

test.each([null, "", "token-of-one", "Basic token-of-one", "Bearer", "Bearer token-of-nobody", "Bearer a b"])(
  "refuses %j, and does not repeat it",
  (authorization) => {
    const refusal = refusalOf(aGate(), authorization);
    expect(refusal).toMatchObject({ code: "unauthenticated", retryAfterMs: null });
    expect(String(refusal)).not.toContain("token-of");
  },
);

test("a burst of five seconds is taken, then as many requests as the token allows", () => {
  const gate = aGate();
  for (let index = 0; index < 50; index += 1) admit(gate);
  expect(refusalOf(gate, "Bearer token-of-one")).toMatchObject({ code: "rate_limited" });
  nowMs += 1000;
  for (let index = 0; index < 10; index += 1) admit(gate);
  expect(refusalOf(gate, "Bearer token-of-one")).toMatchObject({ code: "rate_limited" });
  expect(limited).toEqual(["one", "one"]);
});

test("what one sender sends costs another nothing", () => {
  const gate = aGate();
  admit(gate).charge(1_000_000);
  expect(refusalOf(gate, "Bearer token-of-one")).not.toBeNull();
  expect(admit(gate, "other").name).toBe("other");
});

test("a batch larger than all that may be saved is taken, and paid for by those after it", () => {
  const gate = aGate();
  admit(gate).charge(65_000);
  expect(refusalOf(gate, "Bearer token-of-one")).toMatchObject({ retryAfterMs: 60_001 });
});

test("whoever waits as long as it was told is always admitted, and never before", () => {
  const sizes = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 100_000 }), (bytes, bytesPerSecond) => {
      const gate = aGate({ requestsPerSecond: 10, bytesPerSecond });
      admit(gate).charge(bytes + bytesPerSecond * 5);
      const waitMs = Number(Reflect.get(Object(refusalOf(gate, "Bearer token-of-one")), "retryAfterMs"));
      nowMs += waitMs - 2;
      const early = refusalOf(gate, "Bearer token-of-one");
      nowMs += 2;
      const inTime = refusalOf(gate, "Bearer token-of-one");
      expect([waitMs > 2 ? early !== null : true, inTime]).toEqual([true, null]);
    }),
    { examples: [[999_951, 15]] },
  );
});
