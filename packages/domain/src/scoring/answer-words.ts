import { isRecord, readSmallJson, type JsonRecord } from "../telemetry/small-json.ts";

const MAX_OUTPUT_CHARACTERS = 256 * 1024;
const AUTHORS: ReadonlySet<unknown> = new Set(["assistant", "model", "ai", "AIMessage"]);

/**
 * The text of the agent's last message out of what spans carry as output: a bare text, an object with `text`, `output` or
 * `content`, or a list of messages in the shapes of OpenTelemetry (`parts`), OpenAI and the AI SDK (`content`), Gemini
 * and LangChain. Null when there is none.
 */
export function lastAnswerWords(output: string | null): string | null {
  if (output === null || output.trim() === "") return null;
  if (!/^\s*["[{]/.test(output)) return output;
  const value = readSmallJson(output, MAX_OUTPUT_CHARACTERS);
  return value === undefined ? null : wordsIn(value, 0);
}

const INNER = [
  "messages",
  "text",
  "output",
  "response",
  "answer",
  "content",
  "result",
  "object",
  "candidates",
  "choices",
];
const DEEPEST = 6;

function wordsIn(value: unknown, depth: number): string | null {
  if (typeof value === "string") return value === "" ? null : value;
  if (depth > DEEPEST) return null;
  if (Array.isArray(value)) return lastOf(value, depth);
  if (!isRecord(value)) return null;
  if (isMessage(value)) return AUTHORS.has(authorOf(value)) ? textOf(bodyOf(value)) : null;
  const inner =
    value["message"] ?? INNER.map((key) => value[key]).find((found) => found !== undefined && found !== null);
  return inner === undefined ? null : wordsIn(inner, depth + 1);
}

function lastOf(values: readonly unknown[], depth: number): string | null {
  for (const value of values.toReversed()) {
    const words = wordsIn(value, depth + 1);
    if (words !== null) return words;
  }
  return null;
}

function isMessage(value: JsonRecord): boolean {
  return typeof authorOf(value) === "string" && (value["content"] ?? value["parts"] ?? value["kwargs"]) !== undefined;
}

function authorOf(value: JsonRecord): unknown {
  const { role, type, id } = value;
  return role ?? (Array.isArray(id) ? id.at(-1) : type);
}

function bodyOf(value: JsonRecord): unknown {
  const body = isRecord(value["kwargs"]) ? value["kwargs"] : value;
  return body["parts"] ?? body["content"];
}

function textOf(content: unknown): string | null {
  if (typeof content === "string") return content === "" ? null : content;
  if (!Array.isArray(content)) return null;
  const texts = content.flatMap((part: unknown) => {
    if (typeof part === "string") return [part];
    if (!isRecord(part) || ("type" in part && part["type"] !== "text" && part["type"] !== "output_text")) return [];
    const text = part["content"] ?? part["text"];
    return typeof text === "string" && text !== "" ? [text] : [];
  });
  return texts.length > 0 ? texts.join(" ") : null;
}
