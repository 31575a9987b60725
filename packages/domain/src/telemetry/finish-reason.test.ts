import { expect, test } from "vitest";
import { finishReason, finishReasonIn } from "./finish-reason.ts";
import type { AttributeValue } from "./raw-span.ts";

test.each<[AttributeValue | undefined, string | null]>([
  ["stop", "stop"],
  ["end_turn", "stop"],
  ["FinishReason.STOP", "stop"],
  ["tool-calls", "tool_calls"],
  ["tool_use", "tool_calls"],
  ["max_tokens", "length"],
  ["SAFETY", "content_filter"],
  [["stop", "length"], "stop"],
  ['["tool_calls"]', "tool_calls"],
  ["tool_calls, stop", "tool_calls"],
  ["something new", "something new"],
  ["constructor", "constructor"],
  ["", null],
  [[], null],
  [7, null],
  [undefined, null],
])("%j is %s", (value, reason) => {
  expect(finishReason(value)).toBe(reason);
});

test("in the output it is found by word, else by the tools that are called", () => {
  expect(finishReasonIn('{"choices":[{"finish_reason":"stop"}]}')).toBe("stop");
  expect(finishReasonIn('{"response_metadata":{"finishReason":"tool_use"}}')).toBe("tool_calls");
  expect(finishReasonIn('{"tool_calls":[{"id":"1"}]}')).toBe("tool_calls");
  expect(finishReasonIn('{"tool_calls":[]}')).toBeNull();
  expect(finishReasonIn(null)).toBeNull();
});
