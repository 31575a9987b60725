import { SpanKind, SpanStatusCode, type Attributes, type Span } from "@opentelemetry/api";
import { SdkError } from "../error.ts";
import { tracer } from "../telemetry/tracer.ts";
import { contentText } from "./content-text.ts";
import { frameworkSpanOf } from "./framework-span.ts";

export type ToolCall = {
  readonly name: string;
  readonly input: unknown;
  readonly attributes: Attributes;
};

/** Runs a tool call under a span of its own, or under the one that a framework has made for it. */
export async function underToolSpan<T>(call: ToolCall, run: (span: Span) => Promise<T>): Promise<T> {
  const outer = frameworkSpanOf(call.name);
  if (outer !== null) {
    outer.setAttributes(call.attributes);
    return markFailed(outer, await run(outer));
  }
  const attributes = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": call.name,
    "gen_ai.tool.type": "function",
    ...contentOf("gen_ai.tool.call.arguments", call.input),
    ...call.attributes,
  };
  const options = { kind: SpanKind.INTERNAL, attributes };
  return await tracer().startActiveSpan(`execute_tool ${call.name}`, options, async (span) => {
    try {
      const result = await run(span);
      span.setAttributes(contentOf("gen_ai.tool.call.result", result));
      return markFailed(span, result);
    } catch (error) {
      noteError(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

export function noteError(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setAttribute(
    "error.type",
    error instanceof SdkError ? error.code : error instanceof Error ? error.name : "error",
  );
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Tools of MCP fail by a result that says so. */
function markFailed<T>(span: Span, result: T): T {
  if (typeof result === "object" && result !== null && "isError" in result && result.isError === true) {
    span.setAttribute("error.type", "tool_error");
    span.setStatus({ code: SpanStatusCode.ERROR, message: contentText(result).slice(0, 300) });
  }
  return result;
}

function contentOf(key: string, content: unknown): Attributes {
  return process.env["PERCH_CAPTURE_CONTENT"] === "false" ? {} : { [key]: contentText(content) };
}
