import { textAttribute, type Attributes } from "./raw-span.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import { isRecord, readSmallJson, type JsonRecord } from "./small-json.ts";
import { isToolMessage } from "./tool-message.ts";

// A turn's input may hold the whole conversation, and is read once a turn.
const MAX_INPUT_CHARACTERS = 1024 * 1024;
const MAX_MESSAGES = 2000;

/**
 * The text of the last message that the user wrote, out of the JSON that spans carry: a list of messages, bare or under
 * `messages`, `prompt` or `contents`, in the shapes of OpenTelemetry (`parts`), of the AI SDK and OpenAI (`content`), of
 * Gemini and of LangChain (`lc`); or a single text. Null when there is none.
 */
export function lastUserWords(json: string | null): string | null {
  const input = readInput(json);
  if (typeof input === "string") return input;
  return input.map(userText).findLast((words) => words !== null) ?? null;
}

/**
 * The same, but only when nothing came after it: the model is asked anew after each tool call, with all that was said
 * before, and the user's words are those of the turn once.
 */
export function newUserWords(json: string | null): string | null {
  if (json === null) return null;
  // Looked at before anything is parsed: the last role in the text is that of the last message.
  const last = json.lastIndexOf('"role"');
  if (!/^"role"\s*:\s*"user"/.test(json.slice(last, last + 30))) return null;
  const input = readInput(json);
  return typeof input === "string" ? null : userText(input.at(-1));
}

function readInput(json: string | null): string | readonly unknown[] {
  const input = readSmallJson(json, MAX_INPUT_CHARACTERS);
  const keys = ["messages", "prompt", "contents", "input", "query", "question"];
  const inner = isRecord(input) ? keys.map((key) => input[key]).find((value) => value !== undefined) : input;
  if (typeof inner === "string") return inner;
  if (!Array.isArray(inner)) return [];
  // LangChain's chat models take a list of conversations.
  return Array.isArray(inner[0]) ? inner[0] : inner;
}

/** A message in attributes of its own, `llm.input_messages.0.message.role` and so on. */
export type IndexedMessages = {
  readonly role: (index: number) => string;
  readonly words: (attributes: Attributes, index: number) => string | null;
};

/** The words of the last of the messages, if the user wrote it. */
export function newIndexedWords(attributes: Attributes, { role, words }: IndexedMessages): string | null {
  let count = 0;
  while (count < MAX_MESSAGES && attributes.has(role(count))) count += 1;
  if (count === 0) return null;
  const author = textAttribute(attributes, role(count - 1));
  return author === "user" || author === "human" ? words(attributes, count - 1) : null;
}

export function sentimentOf(words: string | null, scorer: SentimentScorer): number | null {
  return words === null ? null : scorer.scoreOf(words);
}

function userText(message: unknown): string | null {
  if (!isRecord(message) || isToolMessage(message)) return null;
  const { role, type, id } = message;
  const isUser = role === "user" || role === "human" || type === "human" || type === "HumanMessage";
  const isHumanMessage = Array.isArray(id) && id.at(-1) === "HumanMessage";
  if (!isUser && !isHumanMessage) return null;
  const body: JsonRecord = isHumanMessage && isRecord(message["kwargs"]) ? message["kwargs"] : message;
  return textOf(body["parts"] ?? body["content"]);
}

function textOf(content: unknown): string | null {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return null;
  const texts = content.flatMap((part: unknown) => {
    if (typeof part === "string") return [part];
    // What a tool gave back is sent in the user's name by some providers; it has another type, or none and no text.
    if (!isRecord(part) || (part["type"] !== "text" && part["type"] !== "input_text" && "type" in part)) return [];
    const text = part["content"] ?? part["text"];
    return typeof text === "string" ? [text] : [];
  });
  return texts.length > 0 ? texts.join(" ") : null;
}
