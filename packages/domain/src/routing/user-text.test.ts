import * as fc from "fast-check";
import { expect, test } from "vitest";
import { userText } from "./user-text.ts";

const json = "application/json";

test.each([
  ["a chat of one field", { session: "s", message: "hi" }],
  [
    "OpenAI chat completions",
    {
      messages: [
        { role: "system", content: "be nice" },
        { role: "user", content: "hi" },
      ],
    },
  ],
  [
    "messages of parts",
    { messages: [{ role: "user", content: [{ type: "text", text: "hi" }, { type: "image_url" }] }] },
  ],
  ["the AI SDK's useChat", { id: "c", messages: [{ role: "user", parts: [{ type: "text", text: "hi" }] }] }],
  ["an OpenAI response", { model: "m", input: "hi" }],
  ["an OpenAI response of items", { input: [{ role: "user", content: [{ type: "input_text", text: "hi" }] }] }],
  ["A2A", { jsonrpc: "2.0", method: "message/send", params: { message: { parts: [{ kind: "text", text: "hi" }] } } }],
  ["LangGraph", { assistant_id: "a", input: { messages: [{ type: "human", content: "hi" }] } }],
  ["a bare list of messages", [{ role: "user", content: "hi" }]],
  ["a JSON string", "hi"],
])("the user's words are found in %s", (_, body) => {
  expect(userText(JSON.stringify(body), json)).toBe("hi");
});

test("of several messages the user's last one counts", () => {
  const messages = [
    { role: "user", content: "first" },
    { role: "user", content: "last" },
    { role: "assistant", content: "answer" },
  ];
  expect(userText(JSON.stringify({ messages }), json)).toBe("last");
});

test("a plain text is the user's words as it stands", () => {
  expect(userText("a refund, please", "text/plain; charset=utf-8")).toBe("a refund, please");
});

test.each(["", "{", "null", "7", "[]", '{"tool":"x"}', '{"messages":[{"role":"assistant","content":"x"}]}'])(
  "nothing of the kind is in %s",
  (body) => {
    expect(userText(body, json)).toBe("");
  },
);

test("never fails, however deep a body is nested", () => {
  const nested = (open: string, close: string): string => `${open.repeat(5000)}1${close.repeat(5000)}`;
  for (const body of [
    nested('{"params":', "}"),
    nested('{"message":', "}"),
    nested('{"content":', "}"),
    nested("[", "]"),
  ]) {
    expect(userText(body, json)).toBe("");
  }
  fc.assert(fc.property(fc.json(), (body) => typeof userText(body, json) === "string"));
});
