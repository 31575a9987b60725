import { trace, type Span } from "@opentelemetry/api";

/** The span by which a framework tells of this very call already. A second one would count the call twice. */
export function frameworkSpanOf(tool: string): Span | null {
  const span = trace.getActiveSpan();
  const attributes = span === undefined ? null : attributesOf(span);
  if (span === undefined || attributes === null || !isToolCall(attributes)) return null;
  const named = attributes["gen_ai.tool.name"] ?? attributes["ai.toolCall.name"] ?? attributes["tool.name"] ?? tool;
  return named === tool ? span : null;
}

function isToolCall(attributes: Readonly<Record<string, unknown>>): boolean {
  return (
    attributes["gen_ai.operation.name"] === "execute_tool" ||
    attributes["ai.operationId"] === "ai.toolCall" ||
    attributes["openinference.span.kind"] === "TOOL" ||
    attributes["traceloop.span.kind"] === "tool" ||
    attributes["mcp.method.name"] === "tools/call"
  );
}

/** Spans that are being recorded show what they have, although the API does not say so. */
function attributesOf(span: Span): Readonly<Record<string, unknown>> | null {
  if (!("attributes" in span) || typeof span.attributes !== "object" || span.attributes === null) return null;
  return span.attributes as Readonly<Record<string, unknown>>;
}
