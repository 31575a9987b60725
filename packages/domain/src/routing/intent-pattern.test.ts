import { describe, expect, test } from "vitest";
import { judgeIntent, type Classification } from "./classification.ts";
import { RoutingError } from "./error.ts";
import { parseRolloutId } from "./ids.ts";
import { checkIntentPattern, isIntent, matchesIntent } from "./intent-pattern.ts";
import type { IntentStrategy } from "./strategy.ts";

describe("an intent fits a pattern", () => {
  test.each([
    ["refund", "refund", true],
    ["refund.status", "refund.*", true],
    ["refund", "refund.*", false],
    ["refund.status.late", "refund.*", false],
    ["refund.status.late", "refund.**", true],
    ["refund", "refund.**", true],
    ["refunds", "refund.**", false],
    ["order.refund", "*.refund", true],
    ["order.refund", "refund", false],
    ["anything.at.all", "**", true],
    ["Refund", "refund", false],
  ])("%s, %s: %s", (intent, pattern, fits) => {
    expect(matchesIntent(intent, pattern)).toBe(fits);
  });

  test.each(["", "a..b", ".a", "a.**.b", "re*", "a b", "a.b.c.d.e.f.g.h.i"])(
    "%j is refused as a pattern",
    (pattern) => {
      expect(() => checkIntentPattern(pattern)).toThrow(RoutingError);
    },
  );

  test("an intent has no stars", () => {
    expect([isIntent("refund.status"), isIntent("refund.*"), isIntent("")]).toEqual([true, false, false]);
  });
});

describe("only an included intent that is sure enough is eligible", () => {
  const strategy: IntentStrategy = {
    kind: "intent",
    include: ["refund.*", "cancel"],
    minConfidence: 0.8,
    text: [],
    classifier: { kind: "http", name: "router", version: "7", urls: [], timeoutMs: 300 },
    auditBp: 0,
  };
  const cases: readonly [Classification, string][] = [
    [{ kind: "intent", intent: "refund.status", confidence: 0.8 }, "eligible"],
    [{ kind: "intent", intent: "cancel", confidence: 1 }, "eligible"],
    [{ kind: "intent", intent: "billing", confidence: 1 }, "notIncluded"],
    [{ kind: "intent", intent: "refund.status", confidence: 0.79 }, "lowConfidence"],
    [{ kind: "intent", intent: "billing", confidence: 0.1 }, "lowConfidence"],
    [{ kind: "unsure", reason: "timeout" }, "timeout"],
  ];
  test.each(cases)("%j is %s", (said, outcome) => {
    expect(judgeIntent(said, strategy, parseRolloutId("r"))).toMatchObject({ outcome, classifier: "router@7" });
  });
});
