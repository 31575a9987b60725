/** Where clients put what a person said, in a body that is an object and holds no list of messages. */
const NAMES = ["message", "input", "prompt", "query", "question", "text", "content"] as const;

/**
 * What the user says in a request: a text, or of a JSON body the last message of the user's, wherever chat clients, the
 * OpenAI APIs, the AI SDK or A2A put it. Empty when nothing of the kind is there.
 */
export function userText(body: string, contentType: string | undefined): string {
  if (contentType !== undefined && /^text\/plain\b/i.test(contentType)) return body;
  return textIn(parseJson(body), 0) ?? "";
}

/** Whoever nests deeper than this does not mean it. */
const DEEPEST = 4;

function textIn(body: unknown, depth: number): string | null {
  if (typeof body === "string") return body;
  if (Array.isArray(body)) return lastOfUser(body);
  if (!isRecord(body) || depth > DEEPEST) return null;
  const list = body["messages"];
  if (Array.isArray(list)) return lastOfUser(list);
  for (const name of NAMES) {
    const text = name === "input" && Array.isArray(body[name]) ? lastOfUser(body[name]) : wordsOf(body[name], depth);
    if (text !== null) return text;
  }
  // JSON-RPC, as A2A and MCP speak it; LangGraph wraps its messages in an input.
  const inner = body["params"] ?? body["input"];
  return isRecord(inner) ? textIn(inner, depth + 1) : null;
}

function lastOfUser(messages: readonly unknown[]): string | null {
  const last = messages.findLast((message) => typeof message === "string" || isOfUser(message));
  return wordsOf(last, 0);
}

function isOfUser(message: unknown): boolean {
  if (!isRecord(message)) return false;
  const role = message["role"] ?? message["type"];
  return role === "user" || role === "human";
}

/** A message's words: a string, parts with texts, or what holds either. */
function wordsOf(content: unknown, depth: number): string | null {
  if (typeof content === "string") return content;
  if (isRecord(content)) {
    const text = content["text"];
    if (typeof text === "string" || depth > DEEPEST) return typeof text === "string" ? text : null;
    return wordsOf(content["parts"] ?? content["content"], depth + 1);
  }
  if (!Array.isArray(content)) return null;
  const texts = content.flatMap((part) => {
    if (typeof part === "string") return [part];
    return isRecord(part) && typeof part["text"] === "string" ? [part["text"]] : [];
  });
  return texts.length > 0 ? texts.join(" ") : null;
}

/** A body that was cut off is no JSON; then only pointers find something in it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
