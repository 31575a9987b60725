import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prepareRules, type Utterance } from "./classify-by-rules.ts";
import type { RuleCondition } from "./strategy.ts";

function anUtterance(text: string, change: Partial<Utterance> = {}): Utterance {
  const headers: Readonly<Record<string, string>> = { "content-type": "application/json", "x-topic": "billing" };
  return {
    head: { method: "POST", path: "/support/chat", query: "", header: (name) => headers[name] },
    agentPath: "/chat",
    body: '{"topic":"cards"}',
    text,
    ...change,
  };
}

const holds = (condition: RuleCondition, utterance: Utterance): boolean =>
  prepareRules([{ intent: "it", confidence: 1, when: [condition] }])(utterance).kind === "intent";

describe("a condition", () => {
  const cases: readonly [RuleCondition, boolean][] = [
    [{ kind: "method", method: "POST" }, true],
    [{ kind: "method", method: "GET" }, false],
    [{ kind: "path", template: "/chat" }, true],
    [{ kind: "path", template: "/**" }, true],
    [{ kind: "path", template: "/*/more" }, false],
    [{ kind: "header", name: "x-topic", equals: "billing" }, true],
    [{ kind: "header", name: "x-other", equals: "billing" }, false],
    [{ kind: "json", pointer: "/topic", equals: "cards" }, true],
    [{ kind: "json", pointer: "/other", equals: "cards" }, false],
    [{ kind: "words", anyOf: ["no such", "MONEY back"] }, true],
    [{ kind: "words", anyOf: ["fund"] }, false],
    [{ kind: "contains", anyOf: ["fund"] }, true],
    [{ kind: "matches", pattern: "refund(s|ed)" }, true],
    [{ kind: "matches", pattern: "^refund" }, false],
  ];
  test.each(cases)("%j: %s", (condition, expected) => {
    expect(holds(condition, anUtterance("I want my Money back: refunds, please"))).toBe(expected);
  });

  test("about words knows letters of every language, and texts that are written in another way", () => {
    expect(holds({ kind: "words", anyOf: ["größe"] }, anUtterance("Welche GRÖSSE? Größe!"))).toBe(true);
    expect(holds({ kind: "words", anyOf: ["caf\u00e9"] }, anUtterance("cafe\u0301 au lait"))).toBe(true);
    expect(holds({ kind: "words", anyOf: ["größe"] }, anUtterance("größen"))).toBe(false);
  });
});

test("the first rule that fits decides, and none is no intent", () => {
  const say = prepareRules([
    {
      intent: "refund.urgent",
      confidence: 0.95,
      when: [
        { kind: "words", anyOf: ["refund"] },
        { kind: "contains", anyOf: ["!"] },
      ],
    },
    { intent: "refund", confidence: 0.85, when: [{ kind: "words", anyOf: ["refund"] }] },
  ]);
  expect(["refund!", "refund", "hello"].map((text) => say(anUtterance(text)))).toEqual([
    { kind: "intent", intent: "refund.urgent", confidence: 0.95 },
    { kind: "intent", intent: "refund", confidence: 0.85 },
    { kind: "unsure", reason: "noIntent" },
  ]);
});

test("never fails, whatever a client says", () => {
  const say = prepareRules([
    {
      intent: "it",
      confidence: 1,
      when: [
        { kind: "words", anyOf: ["a b"] },
        { kind: "matches", pattern: "a|b" },
      ],
    },
    { intent: "it", confidence: 1, when: [{ kind: "json", pointer: "/a/0/b", equals: "x" }] },
  ]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, body) => {
      say(anUtterance(text, { body }));
    }),
  );
});
