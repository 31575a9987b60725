import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAiSdkAgent } from "./ai-sdk-agent.ts";
import { answerOf, Chat } from "./chat.ts";
import { expectOneReleaseEach, playStory } from "./story.ts";
import { until } from "./until.ts";
import { beginWorld, type World } from "./world.ts";

let world: World;
let stopped = 0;

beforeAll(async () => {
  world = await beginWorld({
    agent: (version) => createAiSdkAgent(version, () => (stopped += 1)),
    serverFlags: ["--targeting-key", "json:/id,path:/api/chat/{session}/stream"],
  });
});
afterAll(async () => await world.end());

function chatOf(id: string, index = 0, network = world.fetch(index)): Chat {
  return new Chat({ id, agentUrl: world.stage.agentUrls[0], fetch: network });
}

const MANY = Array.from({ length: 8 }, (_, index) => index);

test("pages that are loaded again in mid-answer resume the streams of their releases", async () => {
  await Promise.all(
    MANY.map(async (index) => {
      const id = randomUUID();
      const tab = new AbortController();
      const network = world.fetch(index);
      const before = chatOf(id, index, (url, init) => network(url, { ...init, signal: tab.signal }));
      const sending = before.sendMessage({ text: "say one word and wait" });
      await until("the first word", () => answerOf(before).length > 0);
      tab.abort();
      await sending;

      const after = chatOf(id, index);
      await after.resumeStream();
      expect(answerOf(after)).toEqual([answerOf(before)[0], "0", "1", "2", "3", "4"]);
      await after.resumeStream();
      expect(after.error).toBeUndefined();
    }),
  );
  expectOneReleaseEach(world, MANY.length);
});

test("stop reaches the agent, and the chat goes on", async () => {
  const chat = chatOf(randomUUID());
  const sending = chat.sendMessage({ text: "speak until stopped" });
  await until("the first word", () => answerOf(chat).length > 0);
  const [release] = answerOf(chat);
  await chat.stop();
  await sending;
  await until("the agent hears of it", () => stopped === 1);
  await chat.sendMessage({ text: "again" });
  expect(answerOf(chat)).toEqual([release, "0", "1", "2", "3", "4"]);
});

test("chats of useChat's transport stay on their release through promotion, rollback and restarts", async () => {
  await playStory(world, async (index) => {
    const chat = chatOf(randomUUID(), index);
    return {
      async turn(text) {
        await chat.sendMessage({ text });
        if (chat.error !== undefined) throw chat.error;
        return answerOf(chat)[0] ?? "";
      },
    };
  });
});
