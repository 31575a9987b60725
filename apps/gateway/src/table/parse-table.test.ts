import { digestOf } from "@perch/domain";
import { aCanaryRoute, anAgentRoute, aRoutingTable } from "@perch/testkit";
import { expect, test } from "vitest";
import { GatewayError } from "../gateway-error.ts";
import { parseTable } from "./parse-table.ts";

const whole = aRoutingTable({ agents: [anAgentRoute({ canary: aCanaryRoute() })] });

test("a table comes through the wire as it was", () => {
  expect(parseTable(JSON.stringify(whole))).toEqual(whole);
});

test.each([
  ["not JSON", "{"],
  ["agents", JSON.stringify({ ...whole, agents: "none" })],
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
