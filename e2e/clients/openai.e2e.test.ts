import { randomUUID } from "node:crypto";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOpenAiAgent } from "./openai-agent.ts";
import { expectOneReleaseEach, playStory } from "./story.ts";
import { beginWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  const key = "header:x-session-id,openai-responses,json:/metadata/session";
  world = await beginWorld({ agent: createOpenAiAgent, serverFlags: ["--targeting-key", key] });
});
afterAll(async () => await world.end());

/** Each request goes to the other gateway; a mistake shows at once instead of being tried again. */
function clientOf(index: number, headers: Readonly<Record<string, string>> = {}): OpenAI {
  const { agentUrls } = world.stage;
  return new OpenAI({
    apiKey: "none",
    baseURL: `${agentUrls[0]}/v1`,
    fetch: world.fetch(index),
    maxRetries: 0,
    defaultHeaders: headers,
  });
}

const MANY = Array.from({ length: 8 }, (_, index) => index);

test("responses are read, cancelled and deleted by id at the release that gave them", async () => {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const { responses } = clientOf(index);
      const created = await responses.create({ model: "m", input: "hello" });
      expect((await responses.retrieve(created.id)).output_text).toBe(created.output_text);
      expect((await responses.cancel(created.id)).id).toBe(created.id);
      await responses.delete(created.id);
    }),
  );
  expectOneReleaseEach(world, MANY.length);
});

test("a conversation object holds its responses together", async () => {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const client = clientOf(index);
      const { id: conversation } = await client.conversations.create();
      const said: string[] = [];
      for (const input of ["one", "two", "three"]) {
        said.push((await client.responses.create({ model: "m", input, conversation })).output_text);
      }
      expect(new Set(said).size).toBe(1);
      await client.conversations.retrieve(conversation);
    }),
  );
  expectOneReleaseEach(world, MANY.length);
});

test.each([
  ["a default header", () => ({ headers: { "x-session-id": randomUUID() }, metadata: {} })],
  ["metadata in the body", () => ({ headers: {}, metadata: { session: randomUUID() } })],
])("chat completions keep a session that is named by %s, streamed or not", async (_where, name) => {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const { headers, metadata } = name();
      const { completions } = clientOf(index, headers).chat;
      const messages = [{ role: "user" as const, content: "hello" }];
      const whole = await completions.create({ model: "m", messages, metadata });
      const streamed = await textOf(await completions.create({ model: "m", messages, metadata, stream: true }));
      expect(streamed).toBe(whole.choices[0]?.message.content);
    }),
  );
  expectOneReleaseEach(world, MANY.length);
});

test("chat completions keep a session whose name the gateway gave, when the client says it from then on", async () => {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const client = clientOf(index);
      const messages = [{ role: "user" as const, content: "hello" }];
      const { data, response } = await client.chat.completions.create({ model: "m", messages }).withResponse();
      const session = response.headers.get("x-perch-session") ?? "";
      const same = client.withOptions({ defaultHeaders: { "x-perch-session": session } });
      const next = await same.chat.completions.create({ model: "m", messages });
      expect(next.choices[0]?.message.content).toBe(data.choices[0]?.message.content);
    }),
  );
  expectOneReleaseEach(world, MANY.length);
});

async function textOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

test("chains of responses stay on their release through promotion, rollback and restarts", async () => {
  await playStory(world, async (index) => {
    const { responses } = clientOf(index);
    let before: { previous_response_id?: string } = {};
    return {
      async turn(input) {
        // Every second turn is streamed, in every second conversation the first.
        const streams = input.length % 2 === index % 2;
        const response = streams
          ? await responses.stream({ model: "m", input, ...before }).finalResponse()
          : await responses.create({ model: "m", input, ...before });
        before = { previous_response_id: response.id };
        return response.output_text;
      },
    };
  });
});
