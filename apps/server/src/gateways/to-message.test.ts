import { routingTableSchema } from "@perch/api";
import { parseSessionExtractors, parseSessionLearners, type RuleCondition, type Strategy } from "@perch/domain";
import { aCanaryRoute, aMirrorRoute, anAgentRoute, aRoutingTable } from "@perch/testkit";
import { expect, test } from "vitest";
import { toMessage } from "./to-message.ts";

const named = { name: "support-intents", version: "3" };
const when: RuleCondition[] = [
  { kind: "method", method: "POST" },
  { kind: "path", template: "/chat" },
  { kind: "header", name: "x-topic", equals: "" },
  { kind: "json", pointer: "/topic", equals: "billing" },
  { kind: "words", anyOf: ["refund"] },
  { kind: "contains", anyOf: ["money back"] },
  { kind: "matches", pattern: "a|b" },
];
const intents = { kind: "intent", include: ["refund.*"], minConfidence: 0.8, auditBp: 100 } as const;
const strategies: readonly Strategy[] = [
  { kind: "session" },
  { kind: "user", userKey: parseSessionExtractors("jwt:sub + header:x-tenant") },
  {
    ...intents,
    text: parseSessionExtractors("json:/said"),
    classifier: { kind: "rules", ...named, rules: [{ intent: "refund", confidence: 0.9, when }] },
  },
  { ...intents, text: [], classifier: { kind: "http", ...named, urls: ["http://c/x"], timeoutMs: 300 } },
];

test.each(strategies)("a table comes over the wire whole, whatever it says: $kind", (strategy) => {
  const rules = ["header:a + json:/b", "cookie:c", "query:q", "path:/{session}", "jwt:sub@header:t", "wsFrame:/w"];
  const route = anAgentRoute({
    canary: aCanaryRoute({ strategy }),
    mirror: aMirrorRoute(),
    hosts: ["*.example"],
    sessionExtractors: rules.flatMap(parseSessionExtractors),
    sessionLearners: ["mcp", "a2a"].flatMap(parseSessionLearners),
  });
  const table = aRoutingTable({ agents: [route] });
  expect(routingTableSchema.parse(JSON.parse(JSON.stringify(toMessage(table))))).toEqual(table);
});
