import { genAiToolCall } from "./gen-ai-spans.ts";
import type { RawSpan } from "./raw-span.ts";
import { aiSdkToolCall } from "./read-ai-sdk.ts";
import { googleAdkToolCall } from "./read-google-adk.ts";
import { langfuseToolCall } from "./read-langfuse.ts";
import { langSmithToolCall } from "./read-langsmith.ts";
import { openInferenceToolCall } from "./read-openinference.ts";
import { openLlmetryToolCall } from "./read-openllmetry.ts";
import { isRecord, readSmallJson, type JsonRecord } from "./small-json.ts";
import type { Dialect } from "./span.ts";
import type { RawToolCall } from "./tool-call.ts";

/**
 * The arguments of a tool's span of this dialect. Null where they are not there whole: not sent, cut, no object (a framework
 * may have passed on the bare value of the only key), or larger than spans are worth.
 */
export function readToolArguments(raw: RawSpan, dialect: Dialect): JsonRecord | null {
  const value = readSmallJson(toolCallOf(raw, dialect).argumentText);
  return isRecord(value) ? value : null;
}

function toolCallOf(raw: RawSpan, dialect: Dialect): RawToolCall {
  switch (dialect) {
    case "ai-sdk":
      return raw.attributes.has("ai.operationId") ? aiSdkToolCall(raw) : genAiToolCall(raw);
    case "google-adk":
      return googleAdkToolCall(raw);
    case "langfuse":
      return langfuseToolCall(raw);
    case "langsmith":
      return langSmithToolCall(raw);
    case "openinference":
      return openInferenceToolCall(raw);
    case "openllmetry":
      return openLlmetryToolCall(raw);
    case "mastra":
    case "mcp":
    case "otel-genai":
      return genAiToolCall(raw);
  }
}
