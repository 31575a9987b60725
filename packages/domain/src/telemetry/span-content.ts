import { firstContent, textAttribute, type Attributes, type RawEvent, type RawSpan } from "./raw-span.ts";

/** What went into a span and came out of it, as its framework wrote it. Kept only where somebody asked for it. */
export type SpanContent = {
  readonly traceId: string;
  readonly spanId: string;
  readonly startedAt: number;
  readonly input: string | null;
  readonly output: string | null;
  /** Something was longer than what is kept. */
  readonly isCut: boolean;
};

// A framework's own words first: exporters add those of others, often shortened, to what they pass on.
const INPUT = [
  "ai.toolCall.args",
  "ai.toolCall.input",
  "ai.prompt.messages",
  "ai.prompt",
  "langfuse.observation.input",
  "gcp.vertex.agent.tool_call_args",
  "gcp.vertex.agent.llm_request",
  "input.value",
  "traceloop.entity.input",
  "gen_ai.tool.call.arguments",
  "gen_ai.input.messages",
  "pydantic_ai.all_messages",
  "gen_ai.prompt",
  "tool_arguments",
];
const OUTPUT = [
  "ai.toolCall.result",
  "ai.toolCall.output",
  "ai.response.text",
  "ai.response.object",
  "ai.response.toolCalls",
  "langfuse.observation.output",
  "gcp.vertex.agent.tool_response",
  "gcp.vertex.agent.llm_response",
  "output.value",
  "traceloop.entity.output",
  "gen_ai.tool.call.result",
  "gen_ai.output.messages",
  "gen_ai.completion",
  "tool_response",
];
const MASTRA = /^mastra\.\w+\.(input|output)$/;
const MAX_MESSAGES = 2000;

/** The content of a span, at most so many characters of each side; null when it carries none. */
export function readContent(raw: RawSpan, maxCharacters: number): SpanContent | null {
  const input = contentOf(raw, "input");
  const output = contentOf(raw, "output");
  if (input === null && output === null) return null;
  const cut = (text: string | null): string | null => text?.slice(0, maxCharacters).toWellFormed() ?? null;
  return {
    traceId: raw.traceId,
    spanId: raw.spanId,
    startedAt: raw.startedAt,
    input: cut(input),
    output: cut(output),
    isCut: [input, output].some((text) => text !== null && text.length > maxCharacters),
  };
}

function contentOf({ attributes, events }: RawSpan, side: "input" | "output"): string | null {
  const isInput = side === "input";
  return (
    firstContent(attributes, isInput ? INPUT : OUTPUT) ??
    ofMastra(attributes, side) ??
    indexedMessages(attributes, isInput ? "gen_ai.prompt" : "gen_ai.completion") ??
    ofEvents(events, isInput)
  );
}

function ofMastra(attributes: Attributes, side: "input" | "output"): string | null {
  const keys = [...attributes.keys()].filter((key) => MASTRA.exec(key)?.[1] === side);
  return firstContent(attributes, keys);
}

/** `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, … as one list of messages. */
function indexedMessages(attributes: Attributes, start: string): string | null {
  const messages: { role: string | null; content: string | null }[] = [];
  for (let index = 0; index < MAX_MESSAGES; index += 1) {
    const role = textAttribute(attributes, `${start}.${index}.role`);
    const content = firstContent(attributes, [`${start}.${index}.content`]);
    if (role === null && content === null) break;
    messages.push({ role, content });
  }
  return messages.length === 0 ? null : JSON.stringify(messages);
}

/** Up to 1.36 of OpenTelemetry's conventions each message was an event; later all may be in one. */
function ofEvents(events: readonly RawEvent[], isInput: boolean): string | null {
  const details = events.find(({ name }) => name === "gen_ai.client.inference.operation.details");
  const key = isInput ? "gen_ai.input.messages" : "gen_ai.output.messages";
  const inOne = details === undefined ? null : firstContent(details.attributes, [key]);
  if (inOne !== null) return inOne;
  const pattern = isInput ? /^gen_ai\.(\w+)\.message$/ : /^gen_ai\.(choice)$/;
  const messages = events.flatMap(({ name, attributes }) => {
    const role = pattern.exec(name)?.[1];
    const content = firstContent(attributes, ["content", "message"]);
    return role === undefined || content === null ? [] : [{ role, content }];
  });
  return messages.length === 0 ? null : JSON.stringify(messages.slice(0, MAX_MESSAGES));
}
