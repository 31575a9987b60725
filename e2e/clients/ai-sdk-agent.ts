import { setTimeout as delay } from "node:timers/promises";
import { convertToModelMessages, streamText, validateUIMessages, type UIMessage } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import type { Handler } from "./agents.ts";
import { createReplays } from "./replays.ts";
import { streamOf } from "./stream-of.ts";

const chatSchema = z.object({ id: z.string(), messages: z.array(z.unknown()) });

/**
 * The chat route of an app whose streams can be resumed: `POST /api/chat` and `GET /api/chat/ID/stream`. Asked to speak
 * slowly it takes half a second; asked to speak until stopped it ends when its client is gone, and says so to `onStopped`.
 */
export function createAiSdkAgent(version: string, onStopped: () => void): Handler {
  const replays = createReplays();
  return async (request) => {
    const resumed = /^\/api\/chat\/([^/]+)\/stream$/.exec(new URL(request.url).pathname)?.[1];
    if (resumed !== undefined) return replays.answer(resumed);
    const chat = chatSchema.parse(await request.json());
    const messages = await validateUIMessages<UIMessage>({ messages: chat.messages });
    const asked = JSON.stringify(messages.at(-1)?.parts);
    const isForEver = asked.includes("until stopped");
    const words = [`${version} `, ...Array.from({ length: isForEver ? 1_000 : 5 }, (_, index) => `${index} `)];
    const result = streamText({
      model: modelThatSays(words, isForEver || asked.includes("slowly") ? 100 : 0),
      messages: await convertToModelMessages(messages),
      ...(isForEver ? { abortSignal: request.signal, onAbort: onStopped } : {}),
    });
    return result.toUIMessageStreamResponse({ consumeSseStream: ({ stream }) => void replays.keep(chat.id, stream) });
  };
}

function modelThatSays(words: readonly string[], pauseMs: number): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    doStream: async ({ abortSignal }) => ({ stream: streamOf(parts(words, pauseMs, abortSignal)) }),
  });
}

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

async function* parts(words: readonly string[], pauseMs: number, signal: AbortSignal | undefined) {
  yield { type: "text-start", id: "t" } as const;
  for (const delta of words) {
    yield { type: "text-delta", id: "t", delta } as const;
    if (pauseMs > 0) await delay(pauseMs, null, signal === undefined ? {} : { signal });
  }
  yield { type: "text-end", id: "t" } as const;
  yield { type: "finish", usage: USAGE, finishReason: { unified: "stop", raw: "stop" } } as const;
}
