import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import type { Span } from "@perch/domain";
import { expect, test } from "vitest";
import { aTraceRequest } from "./__fixtures__/trace-request.ts";
import { createIntake } from "./intake.ts";
import { takeTraces } from "./take-otlp.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

function aRequest(count: number): Uint8Array {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: TRACE,
    spanId: (index + 1).toString(16).padStart(16, "0"),
  }));
  return aTraceRequest(...spans);
}

/** An intake of which `turn` counts who asked. */
function anIntake() {
  const { store } = createMemoryTraceStore();
  const stored: Span[] = [];
  const turns = { taken: 0 };
  const appendSpans = async (spans: readonly Span[]): Promise<void> => {
    for (const span of spans) stored.push(span);
  };
  const intake = createIntake({
    store: { ...store, appendSpans },
    assembler: { noteTurns: () => undefined, noteSpans: () => undefined },
    onShadowTurns: () => undefined,
    sentiment: { scoreOf: () => 0 },
    now: () => 5000,
  });
  const turn = async (): Promise<void> => {
    turns.taken += 1;
    await intake.turn();
  };
  return { intake: { ...intake, turn }, stored, turns };
}

test("a large post is read bit by bit, at most 256 spans in a turn, and stored whole", async () => {
  const { intake, stored, turns } = anIntake();
  expect(await takeTraces(intake, aRequest(1000), "protobuf")).toEqual([]);
  expect(stored.map(({ spanId }) => Number.parseInt(spanId, 16))).toEqual(
    Array.from({ length: 1000 }, (_, index) => index + 1),
  );
  expect(turns.taken).toBeGreaterThanOrEqual(4);
  expect(intake.counters.spansKept).toBe(1000);
});

test("a timer waits for a bit of a large post and not for all of it", async () => {
  const { intake, turns } = anIntake();
  const seen: number[] = [];
  setTimeout(() => seen.push(turns.taken), 0);
  await takeTraces(intake, aRequest(20_000), "protobuf");
  expect(turns.taken).toBeGreaterThan(70);
  expect(seen[0]).toBeLessThan(turns.taken / 2);
});

test("nothing is stored of a large post whose last span is malformed", async () => {
  const { intake, stored } = anIntake();
  const bytes = Buffer.from(aRequest(1000));
  // The length of the last span's name, which then ends somewhere in its attributes.
  bytes[bytes.lastIndexOf("execute_tool refund") - 1] = 127;
  await expect(takeTraces(intake, bytes, "protobuf")).rejects.toMatchObject({ code: "payload_malformed" });
  expect(stored).toEqual([]);
});

test("a scope may hold more spans, good and bad, than a call can have arguments", async () => {
  const { intake, stored } = anIntake();
  const span = (index: number) => ({
    traceId: TRACE,
    spanId: index.toString(16).padStart(16, "0"),
    startTimeUnixNano: 1,
  });
  const spans = Array.from({ length: 300_000 }, (_, index) => (index % 2 === 0 ? span(index + 1) : {}));
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  expect(await takeTraces(intake, body, "json")).toHaveLength(150_000);
  expect(stored).toHaveLength(150_000);
});
