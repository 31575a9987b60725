import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readMcp } from "./read-mcp.ts";
import { resolveTrace } from "./resolve-trace.ts";

const none = { scoreOf: () => 0 };

function read(entries: Record<string, AttributeValue>, change: Partial<RawSpan> = {}) {
  return readMcp(aRawSpanWith(entries, change), none) ?? [];
}

const call = {
  "mcp.method.name": "tools/call",
  "gen_ai.operation.name": "execute_tool",
  "gen_ai.tool.name": "refund",
};

test("the client's and the server's span of a tool call are one call, whose error the server knows", () => {
  const client = read(call, { kind: "client", spanId: "c".repeat(16) });
  const failed = { ...call, "error.type": "tool_error" };
  const server = read(failed, { kind: "server", spanId: "d".repeat(16), parentSpanId: "c".repeat(16) });
  expect(resolveTrace([...server, ...client]).actions).toMatchObject([
    { kind: "tool", dialect: "mcp", isError: true, errorType: "tool_error" },
  ]);
});

test("a call is known by its name when the tool is named nowhere else", () => {
  expect(read({ "mcp.method.name": "tools/call" }, { name: "tools/call refund" })[0]?.tool?.name).toBe("refund");
});

test("a protocol error has the code of JSON-RPC", () => {
  const [span] = read({ ...call, "rpc.response.status_code": "-32602" }, { status: "error", statusMessage: "bad" });
  expect(span).toMatchObject({ errorType: "-32602", errorMessage: "bad" });
});

test("everything else that a client and a server say to each other is no call", () => {
  expect(read({ "mcp.method.name": "initialize" })).toMatchObject([{ kind: "other", name: "mcp" }]);
  expect(read({ "mcp.method.name": "resources/read" })).toMatchObject([{ kind: "other" }]);
});
