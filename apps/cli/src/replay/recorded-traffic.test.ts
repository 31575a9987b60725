import { describe, expect, test } from "vitest";
import { turnBatchSchema } from "@perch/api";
import { toTraffic, type Placement } from "./recorded-traffic.ts";
import type { RecordedSession } from "./recordings.ts";

const PLACEMENT: Placement = {
  session: "D1:canary:0:retail:3:0",
  agent: "replay-d1",
  arm: "canary",
  release: `sha256:${"a".repeat(64)}`,
  rollout: "replay-d1",
  step: 0,
  gateway: "replay",
  startedAt: 1_000_000,
};

const SESSION: RecordedSession = {
  cohort: "retail",
  model: "m-1",
  agent: "tool-calling",
  task_id: "3",
  trial: 0,
  session_id: "retail:3:0",
  reward: 0,
  outcome: "failure",
  turns: [
    { role: "user", content: "Where is my order?" },
    { role: "assistant", tool_calls: [{ name: "get_order", arguments: {} }] },
    { role: "tool", tool_name: "get_order", tool_call_id: "same", tool_result: "", error: "not found" },
    { role: "assistant", content: "I cannot find it." },
    { role: "user", content: "Give me a human." },
    { role: "assistant", tool_calls: [{ name: "transfer_to_human_agents", arguments: {} }] },
    { role: "tool", tool_name: "transfer_to_human_agents", tool_call_id: "same", tool_result: "ok" },
    { role: "user", content: "Thanks." },
  ],
};

test("an assignment comes first, then a turn for every user message that was answered; the last ends the session", () => {
  const { turns } = toTraffic(SESSION, PLACEMENT);
  expect(turns.map((turn) => [turn.kind, turn.endsSession])).toEqual([
    ["assignment", false],
    ["turn", false],
    ["turn", true],
  ]);
  expect(turnBatchSchema.parse({ turns }).turns).toEqual(turns);
});

test("every record says that its clock was made up", () => {
  const traffic = toTraffic(SESSION, PLACEMENT);
  expect(traffic.turns.every((turn) => turn.isSynthetic)).toBe(true);
  expect(JSON.stringify(traffic.traces)).toContain('"perch.clock","value":{"stringValue":"synthetic"}');
});

test("span ids never repeat, although recorded tool call ids do", () => {
  const ids = [...JSON.stringify(toTraffic(SESSION, PLACEMENT).traces).matchAll(/"spanId":"([0-9a-f]{16})"/g)];
  expect(ids).toHaveLength(7);
  expect(new Set(ids.map((match) => match[1])).size).toBe(7);
});

test("the same recording drawn for another session gives other ids", () => {
  const first = toTraffic(SESSION, PLACEMENT).turns.map((turn) => turn.id);
  const second = toTraffic(SESSION, { ...PLACEMENT, session: "another" }).turns.map((turn) => turn.id);
  expect(new Set([...first, ...second]).size).toBe(6);
});

describe("a session that died before its first turn", () => {
  const died: RecordedSession = { ...SESSION, outcome: "error", turns: [] };

  test("leaves no trace, but a failed turn that the gateway saw", () => {
    const { traces, turns } = toTraffic(died, PLACEMENT);
    expect(traces).toBeNull();
    expect(turns).toMatchObject([{ kind: "assignment" }, { kind: "turn", status: 500, endsSession: true }]);
  });

  test("still has the recorded reward as its score", () => {
    const log = JSON.stringify(toTraffic(died, PLACEMENT).logs);
    expect(log).toContain('"doubleValue":0');
    expect(log).toContain("gen_ai.evaluation.result");
  });
});
