import { genAiTool } from "./gen-ai-spans.ts";
import { otherSpan } from "./new-span.ts";
import { textAttribute, type RawSpan } from "./raw-span.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Span } from "./span.ts";

/**
 * OpenTelemetry's conventions for MCP. The client's span and the server's are two spans of one call, and both may lie
 * inside the agent's own; a call that failed with a result says so in `error.type`, `tool_error`.
 */
export function readMcp(raw: RawSpan, _sentiment: SentimentScorer): readonly Span[] | null {
  const method = textAttribute(raw.attributes, "mcp.method.name");
  if (method === null) return null;
  if (method !== "tools/call") return [otherSpan(raw, "mcp", "mcp")];
  return [genAiTool({ ...raw, name: raw.name.replace(/^tools\/call /, "") }, "mcp")];
}
