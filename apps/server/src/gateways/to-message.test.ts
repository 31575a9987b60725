import { routingTableSchema } from "@perch/api";
import { parseSessionExtractors, parseSessionLearners } from "@perch/domain";
import { aCanaryRoute, aMirrorRoute, anAgentRoute, aRoutingTable } from "@perch/testkit";
import { expect, test } from "vitest";
import { toMessage } from "./to-message.ts";

test("a table comes over the wire whole, whatever its agents say about hosts and sessions", () => {
  const rules = ["header:a + json:/b", "cookie:c", "query:q", "path:/{session}", "jwt:sub@header:t", "wsFrame:/w"];
  const route = anAgentRoute({
    canary: aCanaryRoute(),
    mirror: aMirrorRoute(),
    hosts: ["*.example"],
    sessionExtractors: rules.flatMap(parseSessionExtractors),
    sessionLearners: ["mcp", "a2a"].flatMap(parseSessionLearners),
  });
  const table = aRoutingTable({ agents: [route] });
  expect(routingTableSchema.parse(JSON.parse(JSON.stringify(toMessage(table))))).toEqual(table);
});
