import { isStepCount, streamText, type LanguageModel, type ModelMessage, type ToolSet } from "ai";
import type { ReleaseParts } from "../release/read-release-parts.ts";
import type { Conversation, Turn } from "./conversations.ts";

export type Answerer = (input: {
  readonly conversation: Conversation;
  readonly message: string;
  readonly signal: AbortSignal;
  readonly onDelta: (text: string) => void;
}) => Promise<AnsweredTurn>;

export type AnsweredTurn = { readonly turn: Turn; readonly isEscalated: boolean };

const MAX_STEPS = 6;

export type AnswererDeps = {
  readonly parts: ReleaseParts;
  readonly model: LanguageModel;
  readonly tools: ToolSet;
};

/** Answers one message with the model and the tools. Throws when the model call failed or was aborted. */
export function createAnswerer({ parts, model, tools }: AnswererDeps): Answerer {
  const { temperature, maxOutputTokens } = parts.model;
  const settings = {
    model,
    tools,
    instructions: parts.systemPrompt,
    stopWhen: isStepCount(MAX_STEPS),
    maxRetries: 1,
    telemetry: { functionId: "support" },
    ...(temperature === null ? {} : { temperature }),
    ...(maxOutputTokens === null ? {} : { maxOutputTokens }),
  };
  return async ({ conversation, message, signal, onDelta }) => {
    const asked: ModelMessage = { role: "user", content: message };
    const result = streamText({
      ...settings,
      messages: [...conversation.turns.flat(), asked],
      abortSignal: signal,
      // The error reaches the caller through the stream below; the default would print it.
      onError: () => undefined,
    });
    let isEscalated = conversation.isEscalated;
    for await (const part of result.stream) {
      if (part.type === "text-delta") onDelta(part.text);
      if (part.type === "tool-result" && parts.escalationTools.has(part.toolName)) isEscalated = true;
      if (part.type === "error") throw part.error;
      if (part.type === "abort") throw new DOMException("the client went away", "AbortError");
    }
    return { turn: [asked, ...(await result.responseMessages)], isEscalated };
  };
}
