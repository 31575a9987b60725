import type { AttributeValue } from "./raw-span.ts";
import { readSmallJson } from "./small-json.ts";

// What the providers call the same thing; a Gemini reason may have its enum's name in front.
const COMMON: Readonly<Record<string, string>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  completed: "stop",
  complete: "stop",
  "end-turn": "stop",
  tool_call: "tool_calls",
  "tool-call": "tool_calls",
  "tool-calls": "tool_calls",
  tool_use: "tool_calls",
  function_call: "tool_calls",
  max_tokens: "length",
  max_output_tokens: "length",
  model_length: "length",
  "content-filter": "content_filter",
  safety: "content_filter",
  refusal: "content_filter",
};
const MAX_CHARACTERS = 40;

/** Why the model stopped, in one word; of several choices that of the first. Lists also come as JSON, or with commas. */
export function finishReason(value: AttributeValue | undefined): string | null {
  const listed = typeof value === "string" && value.startsWith("[") ? readSmallJson(value) : value;
  const first: unknown = Array.isArray(listed) ? listed[0] : listed;
  if (typeof first !== "string") return null;
  const word = (first.split(/[,;]/)[0] ?? "")
    .trim()
    .toLowerCase()
    .replace(/^finishreason\./, "");
  if (word === "") return null;
  return (Object.hasOwn(COMMON, word) ? COMMON[word] : undefined) ?? word.slice(0, MAX_CHARACTERS);
}

// Long outputs are long answers: what ends them stands before or near their beginning, or is not worth the search.
const MAX_OUTPUT_CHARACTERS = 64 * 1024;

/** The same out of a model's output as JSON, where the span does not say: by word, or by the tools that it calls. */
export function finishReasonIn(output: string | null): string | null {
  const text = output?.slice(0, MAX_OUTPUT_CHARACTERS) ?? "";
  const said = /"(?:finish_?reason|stop_reason)"\s*:\s*"([\w-]+)"/i.exec(text)?.[1];
  return finishReason(said) ?? (/"tool_calls"\s*:\s*\[\s*\{/.test(text) ? "tool_calls" : null);
}
