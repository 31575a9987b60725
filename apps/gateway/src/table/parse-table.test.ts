import { digestOf, parseAgentName, parseSessionExtractors, parseSessionLearners, type Strategy } from "@perch/domain";
import { aCanaryRoute, aMirrorRoute, anAgentRoute, aRoutingTable } from "@perch/testkit";
import { expect, test } from "vitest";
import { GatewayError } from "../gateway-error.ts";
import { parseTable } from "./parse-table.ts";

const whole = aRoutingTable({
  agents: [
    anAgentRoute({
      canary: aCanaryRoute(),
      hosts: ["support.example", "*.support.example"],
      sessionExtractors: [
        "header:a + jwt:sub",
        "cookie:b",
        "path:/t/{session}",
        "query:q",
        "json:/a",
        "jwt:sub@cookie:c",
        "wsFrame:/a",
      ].flatMap(parseSessionExtractors),
      sessionLearners: ["mcp", "openai-responses"].flatMap(parseSessionLearners),
    }),
  ],
});

test("a table comes through the wire as it was", () => {
  expect(parseTable(JSON.stringify(whole))).toEqual(whole);
});

test("a table of a server before hosts and learners is read as it was meant", () => {
  const old = anAgentRoute({ sessionExtractors: [{ kind: "header", name: "x" }] });
  const { hosts: _hosts, sessionLearners: _learners, ...route } = old;
  expect(parseTable(JSON.stringify({ ...whole, agents: [route] })).agents).toEqual([old]);
});

test("a table of a server before strategies draws sessions", () => {
  const route = anAgentRoute({ canary: aCanaryRoute() });
  const { strategy: _, ...canary } = aCanaryRoute();
  expect(parseTable(JSON.stringify({ ...whole, agents: [{ ...route, canary }] })).agents).toEqual([route]);
});

const drawing = (change: object): string =>
  JSON.stringify({
    ...whole,
    agents: [{ ...anAgentRoute(), canary: { ...aCanaryRoute(), strategy: { ...INTENTS, ...change } } }],
  });
const INTENTS: Strategy = {
  kind: "intent",
  include: ["refund.*"],
  minConfidence: 0.8,
  text: [],
  classifier: { kind: "http", name: "c", version: "1", urls: ["http://c"], timeoutMs: 300 },
  auditBp: 100,
};
const matching = (pattern: string): object => ({
  kind: "rules",
  name: "c",
  version: "1",
  rules: [{ intent: "a", confidence: 1, when: [{ kind: "matches", pattern }] }],
});

test.each([
  ['found "re*", expected an intent', { include: ["re*"] }],
  ['found the pattern "(?=a)"', { classifier: matching("(?=a)") }],
  ["file:///etc/passwd is no http URL", { classifier: { ...INTENTS.classifier, urls: ["file:///etc/passwd"] } }],
  ["strategy", { kind: "psychic" }],
])("a strategy that cannot be followed makes the table refused: %s", (reason, change) => {
  expect(() => parseTable(drawing({}))).not.toThrow();
  expect(() => parseTable(drawing(change))).toThrow(reason);
});

const other = parseAgentName("sales");
const at = (...agents: ReturnType<typeof anAgentRoute>[]): string => JSON.stringify({ ...whole, agents });

test("agents of one path prefix at different hosts are no ambiguity", () => {
  const agents = [
    anAgentRoute({ hosts: ["a.example"] }),
    anAgentRoute({ agent: other, hosts: ["*.a.example"] }),
    anAgentRoute({ agent: parseAgentName("rest") }),
  ];
  expect(parseTable(at(...agents)).agents).toEqual(agents);
});

test.each([
  ["not JSON", "{"],
  ["is not like", at(anAgentRoute({ hosts: ["support.example:80"] }))],
  ["is not like", at(anAgentRoute({ hosts: ["a.*.example"] }))],
  [
    "at SUPPORT.example: support and sales",
    at(
      anAgentRoute({ hosts: ["support.example"] }),
      anAgentRoute({ agent: other, hosts: ["x.example", "SUPPORT.example"] }),
    ),
  ],
  ["twice", at(anAgentRoute({ hosts: ["a.example", "a.example"] }))],
  [
    "sessionExtractors",
    JSON.stringify({ ...whole, agents: [{ ...anAgentRoute(), sessionExtractors: [{ kind: "psychic" }] }] }),
  ],
  ["agents", JSON.stringify({ ...whole, agents: "none" })],
  [
    "not among the releases",
    JSON.stringify({ ...whole, agents: [anAgentRoute({ mirror: aMirrorRoute({ release: digestOf("other") }) })] }),
  ],
  ["not among the releases", JSON.stringify({ ...whole, agents: [{ ...anAgentRoute(), current: digestOf("other") }] })],
  ["no http URL", JSON.stringify({ ...whole, agents: [withUrl("file:///etc/passwd")] })],
  ["path prefix", JSON.stringify({ ...whole, agents: [{ ...anAgentRoute(), pathPrefix: "support/" }] })],
  ["agent name", JSON.stringify({ ...whole, agents: [{ ...anAgentRoute(), agent: "Support!" }] })],
  ["same path prefix", JSON.stringify({ ...whole, agents: [anAgentRoute(), anAgentRoute()] })],
])("a table with a fault is refused by its reason: %s", (reason, json) => {
  expect(() => parseTable(json)).toThrow(GatewayError);
  expect(() => parseTable(json)).toThrow(reason);
});

function withUrl(url: string): object {
  const route = anAgentRoute();
  return { ...route, releases: route.releases.map((release) => ({ ...release, urls: [url] })) };
}
