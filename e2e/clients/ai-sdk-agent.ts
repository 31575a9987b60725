import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { convertToModelMessages, streamText, validateUIMessages, type UIMessage } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import type { Handler } from "./agents.ts";
import { createReplays } from "./replays.ts";
import { streamOf } from "./stream-of.ts";

const chatSchema = z.object({ id: z.string(), messages: z.array(z.unknown()) });

/**
 * The chat route of an app whose streams can be resumed: `POST /api/chat` and `GET /api/chat/ID/stream`. Asked to wait, it
 * goes on behind its first word when somebody resumes the stream; asked to speak until stopped, it ends when its client is
 * gone, and says so to `onStopped`.
 */
export function createAiSdkAgent(version: string, onStopped: () => void): Handler {
  const replays = createReplays();
  const resumed = new EventEmitter();
  return async (request) => {
    const resumes = /^\/api\/chat\/([^/]+)\/stream$/.exec(new URL(request.url).pathname)?.[1];
    if (resumes !== undefined) {
      resumed.emit(resumes);
      return replays.answer(resumes);
    }
    const chat = chatSchema.parse(await request.json());
    const messages = await validateUIMessages<UIMessage>({ messages: chat.messages });
    const asked = JSON.stringify(messages.at(-1)?.parts);
    const isForEver = asked.includes("until stopped");
    const rest = Array.from({ length: isForEver ? 1_000 : 5 }, (_, index) => `${index} `);
    const speech: Speech = {
      words: [`${version} `, ...rest],
      afterFirst: async () => void (asked.includes("wait") && (await once(resumed, chat.id))),
      pauseMs: isForEver ? 50 : 0,
    };
    const result = streamText({
      model: modelThatSays(speech),
      messages: await convertToModelMessages(messages),
      ...(isForEver ? { abortSignal: request.signal, onAbort: onStopped } : {}),
    });
    return result.toUIMessageStreamResponse({ consumeSseStream: ({ stream }) => void replays.keep(chat.id, stream) });
  };
}

type Speech = {
  readonly words: readonly string[];
  readonly afterFirst: () => Promise<void>;
  readonly pauseMs: number;
};

function modelThatSays(speech: Speech): MockLanguageModelV4 {
  return new MockLanguageModelV4({ doStream: async () => ({ stream: streamOf(parts(speech)) }) });
}

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

async function* parts({ words, afterFirst, pauseMs }: Speech) {
  yield { type: "text-start", id: "t" } as const;
  for (const [index, delta] of words.entries()) {
    yield { type: "text-delta", id: "t", delta } as const;
    if (index === 0) await afterFirst();
    if (pauseMs > 0) await delay(pauseMs);
  }
  yield { type: "text-end", id: "t" } as const;
  yield { type: "finish", usage: USAGE, finishReason: { unified: "stop", raw: "stop" } } as const;
}
