import { aReleaseContent, aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseSessionId } from "../routing/ids.ts";
import type { SessionEvidence } from "../telemetry/session.ts";
import type { Span } from "../telemetry/span.ts";
import { readToolCall } from "../telemetry/tool-call.ts";
import { writeCallsOf } from "./write-calls.ts";
import { writeToolsOf } from "./write-tools.ts";

const CANARY = digestOf("support 2.3.1");
const TRACE = "1".padStart(32, "0");
const session = parseSessionId("session-1");
const wanted = { canary: CANARY, tools: new Set(["refund"]) };
const refund = aToolCall({ name: "refund", callId: "call_1" });

function evidenceOf(spans: readonly Span[], release = CANARY): SessionEvidence {
  const turn = aTurnRecord({ session, traceId: TRACE, release, arm: "canary" });
  return { agent: parseAgentName("support"), session, turns: [turn], moves: [], spans, scores: [] };
}

function call(change: Partial<Span> = {}): Span {
  return aSpan({ traceId: TRACE, spanId: "a".repeat(16), tool: refund, ...change });
}

test("a call that several instrumentations tell of counts once", () => {
  const inner = call({ spanId: "b".repeat(16), parentSpanId: "a".repeat(16), dialect: "mcp" });
  const { length } = writeCallsOf(evidenceOf([call(), inner]), wanted);
  expect(length).toBe(1);
});

test("reads, other releases' turns and what a shadow was asked are no writes of the canary", () => {
  const read = call({ tool: aToolCall({ name: "look_up" }) });
  const shadow = call({ attribution: { ...call().attribution, arm: "shadow" } });
  expect(writeCallsOf(evidenceOf([read]), wanted)).toEqual([]);
  expect(writeCallsOf(evidenceOf([shadow]), wanted)).toEqual([]);
  expect(writeCallsOf(evidenceOf([call()], digestOf("support 2.3.0")), wanted)).toEqual([]);
});

test("a call that failed is told too: nobody knows how far it came", () => {
  expect(writeCallsOf(evidenceOf([call({ isError: true })]), wanted)).toEqual([
    expect.objectContaining({ tool: "refund", isError: true, callId: "call_1" }),
  ]);
});

test.each(["idempotency_key", "idempotencyKey", "Idempotency-Key"])(
  "the argument %s is kept as it is, and nothing else of the arguments",
  (name) => {
    const argumentText = JSON.stringify({ customer: "lovelace", [name]: "r-77" });
    const raw = { name: "refund", callId: null, argumentText, resultText: null };
    const { tool } = readToolCall(raw, { isError: false, errorType: null, errorMessage: null });
    expect(tool.idempotencyKey).toBe("r-77");
    expect(JSON.stringify(tool)).not.toContain("lovelace");
  },
);

test("the tools that write are those declared so, with what takes a call back", () => {
  const content = aReleaseContent({
    tools: {
      refund: { effect: "write", lifecycle: { cancel: "https://api.example/refunds/cancel" } },
      mail: { effect: "write" },
      look_up: { effect: "read" },
    },
  });
  expect(writeToolsOf(content)).toEqual([
    { tool: "refund", cancel: "https://api.example/refunds/cancel" },
    { tool: "mail", cancel: null },
  ]);
});
