import { describe, expect, test } from "vitest";
import { RoutingError } from "./error.ts";
import { extractSession } from "./extract-session.ts";
import { DEFAULT_EXTRACTORS, parseSessionExtractors, parseSessionLearners } from "./parse-session-rules.ts";

describe("where a session id is looked for", () => {
  test.each([
    ["header:X-Session-Id", [{ kind: "header", name: "x-session-id" }]],
    ["cookie:SID", [{ kind: "cookie", name: "SID" }]],
    ["query:sid", [{ kind: "query", name: "sid" }]],
    ["path:/threads/{session}/runs/**", [{ kind: "path", template: "/threads/{session}/runs/**" }]],
    ["json:/a/b", [{ kind: "json", pointer: "/a/b" }]],
    ["wsFrame:/a", [{ kind: "wsFrame", pointer: "/a" }]],
    ["jwt:sub", [{ kind: "jwt", claim: "sub", from: { kind: "bearer" } }]],
    ["jwt:sub@cookie:Auth", [{ kind: "jwt", claim: "sub", from: { kind: "cookie", name: "Auth" } }]],
    ["mcp", [{ kind: "header", name: "mcp-session-id" }]],
    [
      "langgraph",
      [
        { kind: "path", template: "/threads/{session}/runs/**" },
        { kind: "path", template: "/threads/{session}/state/**" },
        { kind: "path", template: "/threads/{session}/history/**" },
      ],
    ],
    [
      "jwt:sub + header:x-chat",
      [
        {
          kind: "composite",
          parts: [
            { kind: "jwt", claim: "sub", from: { kind: "bearer" } },
            { kind: "header", name: "x-chat" },
          ],
        },
      ],
    ],
  ])("%s is understood", (text, wanted) => {
    expect(parseSessionExtractors(text)).toEqual(wanted);
  });

  test.each([
    "",
    "header",
    "header:",
    "header:two words",
    "cookies:a",
    "path:/threads/runs",
    "path:threads/{session}",
    "path:/{session}/{session}",
    "path:/a{session}",
    "path:/{session}?x",
    "json:",
    "json:session",
    "json:/",
    "jwt:",
    "jwt:sub@",
    "jwt:sub@query:x",
    "header:a + ",
    "header:a + mcp",
    "toString",
    Array.from({ length: 6 }, () => "header:a").join(" + "),
  ])("%j is refused, and the forms are said", (text) => {
    expect(() => parseSessionExtractors(text)).toThrow(RoutingError);
    expect(() => parseSessionExtractors(text)).toThrow("expected header:NAME");
  });

  test("has a default that older gateways can read too: plain headers and JSON", () => {
    expect(DEFAULT_EXTRACTORS.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["header", "json"]));
    expect(DEFAULT_EXTRACTORS.every(({ kind }) => kind === "header" || kind === "json")).toBe(true);
  });
});

const A2A = { path: "/", body: { jsonrpc: "2.0", id: 7 } };

describe("what a protocol's requests name their session by", () => {
  test.each([
    ["a2a", { ...A2A, body: { ...A2A.body, params: { message: { contextId: "c-1", taskId: "t-1" } } } }, "c-1"],
    ["a2a", { ...A2A, body: { ...A2A.body, params: { message: { taskId: "t-1" } } } }, "t-1"],
    ["a2a", { ...A2A, body: { ...A2A.body, params: { id: "t-1" } } }, "t-1"],
    ["a2a", { ...A2A, body: { ...A2A.body, params: { taskId: "t-1", id: "config-1" } } }, "t-1"],
    ["a2a", { ...A2A, body: { ...A2A.body, params: { contextId: "c-1" } } }, "c-1"],
    ["openai-responses", { path: "/v1/responses", body: { previous_response_id: "resp_1" } }, "resp_1"],
    ["openai-responses", { path: "/v1/responses", body: { conversation: "conv_1" } }, "conv_1"],
    ["openai-responses", { path: "/v1/responses", body: { conversation: { id: "conv_1" } } }, "conv_1"],
    ["openai-responses", { path: "/v1/responses/resp_1", body: {} }, "resp_1"],
    ["openai-responses", { path: "/responses/resp_1/cancel", body: {} }, "resp_1"],
    ["openai-responses", { path: "/v1/conversations/conv_1/items", body: {} }, "conv_1"],
    ["openai-responses", { path: "/v1/responses", body: { input: "hello" } }, null],
  ])("%s: %j", (preset, { path, body }, session) => {
    const head = { method: "POST", path, query: "", header: () => undefined };
    const found = parseSessionExtractors(preset)
      .map((rule) => extractSession(rule, { head, agentPath: path, body: JSON.stringify(body), frame: "" }))
      .find(({ kind }) => kind !== "absent");
    expect(found ?? null).toEqual(session === null ? null : { kind: "found", value: session });
  });
});

describe("what is learned from answers", () => {
  test.each([
    ["header:X-Thread", [{ kind: "responseHeader", name: "x-thread" }]],
    ["json:/thread/id", [{ kind: "responseJson", pointer: "/thread/id", startsWith: "" }]],
    ["langgraph", [{ kind: "responseJson", pointer: "/thread_id", startsWith: "" }]],
  ])("%s is understood", (text, wanted) => {
    expect(parseSessionLearners(text)).toEqual(wanted);
  });

  test.each(["", "cookie:x", "json:x", "header:", "constructor"])("%j is refused", (text) => {
    expect(() => parseSessionLearners(text)).toThrow(RoutingError);
  });
});
