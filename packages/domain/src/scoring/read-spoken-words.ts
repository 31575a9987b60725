import { firstContent, textAttribute, type Attributes, type RawSpan } from "../telemetry/raw-span.ts";
import { lastUserWords } from "../telemetry/user-words.ts";
import { lastAnswerWords } from "./answer-words.ts";
import type { SpokenWords } from "./appraisal-store.ts";

// Of every dialect that is understood. Tools' input and output have other names, or a span kind that is left out.
const INPUTS = [
  "ai.prompt",
  "mastra.agent_run.input",
  "langfuse.observation.input",
  "gen_ai.input.messages",
  "gen_ai.prompt",
  "traceloop.entity.input",
  "gcp.vertex.agent.llm_request",
  "input.value",
];
const OUTPUTS = [
  "ai.response.text",
  "mastra.agent_run.output",
  "langfuse.observation.output",
  "gen_ai.output.messages",
  "gen_ai.completion",
  "gen_ai.completion.0.content",
  "traceloop.entity.output",
  "gcp.vertex.agent.llm_response",
  "output.value",
];
const NOT_SAID: ReadonlySet<string> = new Set(["TOOL", "RETRIEVER", "EMBEDDING", "RERANKER", "GUARDRAIL", "EVALUATOR"]);
const MOST_CHARACTERS = 20_000;

/** What user and agent said to each other, as far as this span tells. Null for the span of a tool, and for silence. */
export function readSpokenWords(span: RawSpan): SpokenWords | null {
  const { attributes } = span;
  if (isOfTool(attributes)) return null;
  const input = firstContent(attributes, INPUTS);
  const isPlain = input !== null && !/^\s*["[{]/.test(input);
  const user = cut(isPlain ? input : lastUserWords(input));
  const answer = cut(lastAnswerWords(firstContent(attributes, OUTPUTS)));
  if (user === null && answer === null) return null;
  const { traceId, spanId, startedAt, durationMs } = span;
  return { traceId, spanId, startedAt, endedAt: startedAt + durationMs, user, answer };
}

function isOfTool(attributes: Attributes): boolean {
  const operation = textAttribute(attributes, "gen_ai.operation.name");
  const kind = textAttribute(attributes, "openinference.span.kind") ?? textAttribute(attributes, "langsmith.span.kind");
  return (
    operation === "execute_tool" ||
    NOT_SAID.has(kind?.toUpperCase() ?? "") ||
    NOT_SAID.has(textAttribute(attributes, "langfuse.observation.type")?.toUpperCase() ?? "") ||
    textAttribute(attributes, "traceloop.span.kind") === "tool" ||
    attributes.has("mcp.method.name")
  );
}

function cut(text: string | null): string | null {
  return text === null || text.trim() === "" ? null : text.slice(0, MOST_CHARACTERS).toWellFormed();
}

/** The words of a whole turn: the user's are what came first, the agent's what was said last. */
export function wordsOfTurn(spoken: readonly SpokenWords[]): {
  readonly user: string | null;
  readonly answer: string | null;
} {
  const byStart = spoken.toSorted((a, b) => a.startedAt - b.startedAt || b.endedAt - a.endedAt);
  const byEnd = spoken.toSorted((a, b) => b.endedAt - a.endedAt || a.startedAt - b.startedAt);
  return {
    user: byStart.find(({ user }) => user !== null)?.user ?? null,
    answer: byEnd.find(({ answer }) => answer !== null)?.answer ?? null,
  };
}
