import type { SessionPathView, StepView } from "@perch/api";
import { expect, test } from "vitest";
import { drawPath } from "./draw-path.ts";

const RELEASE = { digest: `sha256:${"a".repeat(64)}`, version: "2.3.1" };

function aStep(change: Partial<StepView> = {}): StepView {
  return {
    spanId: "b7ad6b7169203331",
    depth: 0,
    kind: "tool",
    name: "lookup_order",
    startedAt: 1000,
    durationMs: 200,
    error: null,
    inputTokens: 0,
    outputTokens: 0,
    finishReason: null,
    firstTokenMs: null,
    argumentShape: null,
    claims: null,
    ...change,
  };
}

function aSession(steps: readonly StepView[], change: Partial<SessionPathView> = {}): SessionPathView {
  const turn = {
    id: "t-1",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    startedAt: 1000,
    durationMs: 1300,
    firstByteMs: 120,
    status: 200,
    fault: null,
    release: RELEASE,
  };
  return {
    agent: "support",
    session: "s-1",
    release: RELEASE,
    arm: "canary",
    rollout: "support-2-3-1",
    step: 0,
    startedAt: 1000,
    endedAt: 6000,
    isEnded: true,
    turns: [{ ...turn, steps: [...steps] }],
    moves: [],
    scores: [],
    matured: null,
    ...change,
  };
}

test("a session is drawn as its turns, and each of these as what the agent did, children below their parent", () => {
  const drawn = drawPath(
    aSession([
      aStep({ kind: "model", name: "gpt-5", inputTokens: 900, outputTokens: 40, finishReason: "tool_calls" }),
      aStep({ argumentShape: "order_id:string,verbose:boolean" }),
      aStep({ depth: 1, kind: "agent", name: "helper", durationMs: 100 }),
      aStep({ depth: 2, kind: "model", name: "gpt-5-mini", durationMs: 90 }),
      aStep({ depth: 1, kind: "memory_read", name: "profiles", durationMs: 5 }),
      aStep({ kind: "model", name: "gpt-5", durationMs: 500, finishReason: "stop" }),
    ]),
  );
  expect(drawn.split("\n").slice(3)).toEqual([
    "turn 1  +0ms  200  1.3s  first byte 120ms  trace 0af7651916cd43dd8448eb211c80319c",
    "├─ model gpt-5  200ms  900 → 40 tokens  tool_calls",
    "├─ tool lookup_order(order_id, verbose)  200ms",
    "│  ├─ agent helper  100ms",
    "│  │  └─ model gpt-5-mini  90ms",
    "│  └─ reads profiles  5ms",
    "└─ model gpt-5  500ms  stop",
  ]);
});

test("the head says where it was assigned and what it came to", () => {
  const matured = {
    at: 9000,
    endedBy: "signal" as const,
    isEscalated: true,
    outcome: "failure" as const,
    costUsd: 0.01234,
    inputTokens: 1900,
    outputTokens: 100,
    meanSentiment: null,
    retries: 2,
    loops: 3,
  };
  const [first, second] = drawPath(aSession([], { matured })).split("\n");
  expect(first).toBe("s-1  support@2.3.1  canary  support-2-3-1 step 1");
  expect(second).toBe(
    "began 1970-01-01T00:00:01.000Z  5s  1 turn  mature (signal)  failure  escalated  1900 → 100 tokens  $0.0123  2 retries  the same call 4 times running",
  );
});

test("a failed call says why, on one line and without a terminal's escape sequences", () => {
  const drawn = drawPath(aSession([aStep({ error: { type: "tool_error", message: "no\u001b[31m\nmoney" } })]));
  expect(drawn).toContain("└─ tool lookup_order  200ms  FAILED tool_error: no [31m money");
  expect(drawn).not.toContain("\u001b");
});

test("a span that says that it is of another release stands out: a pod that runs what it should not", () => {
  const claims = { digest: `sha256:${"b".repeat(64)}`, version: "" };
  expect(drawPath(aSession([aStep({ claims })]))).toContain("SAYS IT IS sha256:bbbbbbbbbbbb");
});

test("scores stand at the end, with who gave them", () => {
  const score = { name: "helpful", value: 0.8, label: "good", at: 9000, evaluator: "judge", evaluatorVersion: "7" };
  const drawn = drawPath(aSession([], { scores: [score] }));
  expect(drawn).toContain("└─ no spans of this turn arrived");
  expect(drawn.split("\n").at(-1)).toBe("  helpful  0.8  good  by judge 7  00:00:09");
});
