import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createModelServer } from "./model-server.ts";

const server = createModelServer({ chunkDelayMs: 0, now: Date.now });
let url = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}/v1`;
});
afterAll(() => server.close());

const complete = (body: unknown) =>
  fetch(`${url}/chat/completions`, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
const messages = [
  { role: "system", content: "Be friendly." },
  { role: "user", content: [{ type: "text", text: "Hello, how do I return something?" }] },
];
const tools = [{ type: "function", function: { name: "search_kb", parameters: {} } }];

test("a plain request gets one completion that names the simulated model and its usage", async () => {
  const response = await complete({ model: "any", messages });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    object: "chat.completion",
    model: "scripted-support-sim",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: expect.any(String) } }],
    usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
  });
});

test("an offered tool is called with arguments in JSON", async () => {
  const body = await (await complete({ messages, tools })).json();
  expect(body).toMatchObject({
    choices: [{ finish_reason: "tool_calls", message: { tool_calls: [{ function: { name: "search_kb" } }] } }],
  });
});

test("a streamed answer comes in pieces that add up, and ends with DONE", async () => {
  const response = await complete({ messages, stream: true, stream_options: { include_usage: true } });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events = (await response.text()).split("\n\n").filter((event) => event !== "");
  expect(events.at(-1)).toBe("data: [DONE]");
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice("data: ".length)));
  const whole = await (await complete({ messages })).json();
  expect(chunks.length).toBeGreaterThan(1);
  expect(chunks.map((chunk) => chunk.choices[0].delta.content).join("")).toBe(whole.choices[0].message.content);
  expect(chunks.at(-1)).toMatchObject({
    model: "scripted-support-sim",
    choices: [{ finish_reason: "stop" }],
    usage: { total_tokens: expect.any(Number) },
  });
});

test("the list of models says that nothing here is a language model", async () => {
  const body = await (await fetch(`${url}/models`)).json();
  expect(body).toMatchObject({
    data: [{ id: "scripted-support-sim", owned_by: expect.stringContaining("simulated") }],
  });
});

test.each([
  ["no JSON", "{", 400],
  ["a list", "[]", 400],
  ["no messages", "{}", 400],
  ["an unknown role", JSON.stringify({ messages: [{ role: "wizard", content: "x" }] }), 400],
  ["a body beyond the limit", `{"x":"${"y".repeat(1_100_000)}"}`, 413],
])("a body with %s gets an error in the shape that clients read", async (_, body, status) => {
  const response = await complete(body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
});

test("an unknown path says which ones there are", async () => {
  const response = await fetch(`${url}/completions`, { method: "POST", body: "{}" });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining("chat/completions") } });
});
