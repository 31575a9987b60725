/**
 * The text of the last message that the user wrote, out of the JSON that AI SDK spans carry: a list of messages with
 * `parts` (`gen_ai.input.messages`), or `{ prompt }` / `{ messages }` (`ai.prompt`). Null when there is none.
 */
export function lastUserWords(json: string | null): string | null {
  const input = parseJson(json);
  if (isRecord(input) && typeof input["prompt"] === "string") return input["prompt"];
  const messages = isRecord(input) ? (input["messages"] ?? input["prompt"]) : input;
  if (!Array.isArray(messages)) return null;
  const last = messages.findLast((message) => isRecord(message) && message["role"] === "user");
  return isRecord(last) ? wordsOf(last["parts"] ?? last["content"]) : null;
}

function wordsOf(content: unknown): string | null {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return null;
  const texts = content.flatMap((part) => {
    if (!isRecord(part) || part["type"] !== "text") return [];
    const text = part["content"] ?? part["text"];
    return typeof text === "string" ? [text] : [];
  });
  return texts.length > 0 ? texts.join(" ") : null;
}

// Exporters cut long attributes in the middle, which leaves text that is no JSON; that is a span without words.
function parseJson(json: string | null): unknown {
  if (json === null) return null;
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
