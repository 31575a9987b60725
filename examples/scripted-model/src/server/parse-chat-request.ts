import type { Conversation, Message, ToolCall } from "../answer/conversation.ts";

export type ChatRequest = {
  readonly conversation: Conversation;
  readonly isStream: boolean;
  readonly includeUsage: boolean;
};

export type ParsedChatRequest =
  | { readonly kind: "request"; readonly request: ChatRequest }
  | { readonly kind: "malformed"; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;

/** Reads the part of an OpenAI chat-completions request that the answer depends on; other fields are ignored. */
export function parseChatRequest(body: string): ParsedChatRequest {
  const value = parseJson(body);
  if (!isFields(value)) return { kind: "malformed", message: "the body is not a JSON object" };
  if (!Array.isArray(value.messages) || value.messages.length === 0) {
    return { kind: "malformed", message: '"messages" is missing or empty, expected a list of messages' };
  }
  const messages = value.messages.map(parseMessage);
  const bad = messages.indexOf(null);
  if (bad >= 0) return { kind: "malformed", message: `messages[${bad}] has no known role and content` };
  return {
    kind: "request",
    request: {
      conversation: { messages: messages.filter((message) => message !== null), tools: toolNames(value.tools) },
      isStream: value.stream === true,
      includeUsage: isFields(value.stream_options) && value.stream_options.include_usage === true,
    },
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON at all: the caller answers that with the same 400 as a wrong shape.
    return null;
  }
}

function parseMessage(value: unknown): Message | null {
  if (!isFields(value)) return null;
  const text = textOf(value.content);
  switch (value.role) {
    case "system":
    case "developer":
      return { role: "system", text };
    case "user":
      return { role: "user", text };
    case "assistant":
      return { role: "assistant", text, calls: toolCalls(value.tool_calls) };
    case "tool":
      return { role: "tool", callId: typeof value.tool_call_id === "string" ? value.tool_call_id : "", text };
    default:
      return null;
  }
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (isFields(part) && typeof part.text === "string" ? part.text : "")).join("");
}

function toolCalls(value: unknown): readonly ToolCall[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((call) =>
    isFields(call) && typeof call.id === "string" && isFields(call.function) && typeof call.function.name === "string"
      ? [{ id: call.id, name: call.function.name }]
      : [],
  );
}

function toolNames(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  if (!Array.isArray(value)) return names;
  for (const tool of value) {
    if (isFields(tool) && isFields(tool.function) && typeof tool.function.name === "string")
      names.add(tool.function.name);
  }
  return names;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
