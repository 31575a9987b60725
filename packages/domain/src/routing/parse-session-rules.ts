import { RoutingError } from "./error.ts";
import type { JwtPlace, SessionExtractor, SessionLearner, SimpleExtractor } from "./session-rules.ts";

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const QUERY_NAME = /^[^\s&=#]{1,100}$/;
const POINTER = /^(?:\/[^/]{1,200}){1,16}$/;
const TEMPLATE = /^(?:\/(?:\{session\}|\*|[^/{}*?#\s]+))+(?:\/\*\*)?$/;
const CLAIM = /^[^\s@,+]{1,200}$/;

/** The Model Context Protocol's header, streamable HTTP transport. */
const MCP_HEADER = "mcp-session-id";
const MOST_PARTS = 5;

/** What people write in a rollout file: `header:x-session-id`, `jwt:sub`, or several joined by " + ". */
const EXTRACTOR_FORMS =
  "header:NAME, cookie:NAME, path:/a/{session}, query:NAME, json:/POINTER, jwt:CLAIM, jwt:CLAIM@header:NAME, " +
  'jwt:CLAIM@cookie:NAME, wsFrame:/POINTER, several of them joined by " + ", or mcp, a2a, openai-responses, langgraph';
const LEARNER_FORMS = "header:NAME, json:/POINTER, mcp, a2a, openai-responses or langgraph";

/** One word can stand for several places: where a protocol puts its ids. Throws `RoutingError` `rule_malformed`. */
export function parseSessionExtractors(text: string): readonly SessionExtractor[] {
  const preset = Object.hasOwn(EXTRACTOR_PRESETS, text) ? EXTRACTOR_PRESETS[text] : undefined;
  if (preset !== undefined) return preset;
  const parts = text.split(" + ").flatMap((part) => simpleExtractor(part.trim()) ?? []);
  const [first] = parts;
  if (first === undefined || parts.length < text.split(" + ").length || parts.length > MOST_PARTS) {
    throw malformed(text, EXTRACTOR_FORMS);
  }
  return [parts.length === 1 ? first : { kind: "composite", parts }];
}

const EXTRACTOR_PRESETS: Readonly<Record<string, readonly SimpleExtractor[]>> = {
  mcp: [{ kind: "header", name: MCP_HEADER }],
  a2a: [
    { kind: "json", pointer: "/params/message/contextId" },
    { kind: "json", pointer: "/params/message/taskId" },
    // Before the id: where both are, that is the id of a notification's configuration.
    { kind: "json", pointer: "/params/taskId" },
    { kind: "json", pointer: "/params/contextId" },
    { kind: "json", pointer: "/params/id" },
  ],
  "openai-responses": [
    { kind: "json", pointer: "/previous_response_id" },
    // As an object and as its id alone.
    { kind: "json", pointer: "/conversation/id" },
    { kind: "json", pointer: "/conversation" },
    ...["responses", "conversations"].flatMap((name): SimpleExtractor[] => [
      { kind: "path", template: `/v1/${name}/{session}/**` },
      { kind: "path", template: `/${name}/{session}/**` },
    ]),
  ],
  langgraph: [
    { kind: "path", template: "/threads/{session}/runs/**" },
    { kind: "path", template: "/threads/{session}/state/**" },
    { kind: "path", template: "/threads/{session}/history/**" },
  ],
};

function simpleExtractor(text: string): SimpleExtractor | null {
  const [kind, rest] = divide(text, ":");
  switch (kind) {
    case "header":
    case "cookie":
    case "query":
      return named(kind, rest);
    case "path":
      return TEMPLATE.test(rest) && rest.split("{session}").length === 2 ? { kind, template: rest } : null;
    case "json":
    case "wsFrame":
      return POINTER.test(rest) ? { kind, pointer: rest } : null;
    case "jwt":
      return jwtExtractor(rest);
    default:
      return null;
  }
}

function named(kind: "header" | "cookie" | "query", name: string): SimpleExtractor | null {
  if (!(kind === "query" ? QUERY_NAME : HEADER_NAME).test(name)) return null;
  return { kind, name: kind === "header" ? name.toLowerCase() : name };
}

function jwtExtractor(text: string): SimpleExtractor | null {
  const [claim, place] = divide(text, "@");
  if (!CLAIM.test(claim)) return null;
  if (!text.includes("@")) return { kind: "jwt", claim, from: { kind: "bearer" } };
  const from = jwtPlace(place);
  return from === null ? null : { kind: "jwt", claim, from };
}

function jwtPlace(text: string): JwtPlace | null {
  const [kind, name] = divide(text, ":");
  if ((kind !== "header" && kind !== "cookie") || !HEADER_NAME.test(name)) return null;
  return { kind, name: kind === "header" ? name.toLowerCase() : name };
}

/** One word can stand for several places: where a protocol puts its ids. Throws `RoutingError` `rule_malformed`. */
export function parseSessionLearners(text: string): readonly SessionLearner[] {
  const preset = Object.hasOwn(LEARNER_PRESETS, text) ? LEARNER_PRESETS[text] : undefined;
  if (preset !== undefined) return preset;
  const [kind, rest] = divide(text, ":");
  if (kind === "header" && HEADER_NAME.test(rest)) return [{ kind: "responseHeader", name: rest.toLowerCase() }];
  if (kind === "json" && POINTER.test(rest)) return [inJson(rest)];
  throw malformed(text, LEARNER_FORMS);
}

const LEARNER_PRESETS: Readonly<Record<string, readonly SessionLearner[]>> = {
  mcp: [{ kind: "responseHeader", name: MCP_HEADER }],
  // A2A: a task or message as JSON-RPC result, plain (0.2 and 0.3) or wrapped by its kind (1.0); so are streamed events.
  a2a: [
    ...["/result", "/result/task", "/result/message", "/result/statusUpdate", "/result/artifactUpdate"].flatMap(
      (place) => [inJson(`${place}/contextId`), inJson(`${place}/taskId`)],
    ),
    inJson("/result/id"),
    inJson("/result/task/id"),
  ],
  // The whole response, or the event `response.created` that begins a stream; a conversation that was made.
  "openai-responses": [inJson("/id", "resp_"), inJson("/response/id", "resp_"), inJson("/id", "conv_")],
  langgraph: [inJson("/thread_id")],
};

function inJson(pointer: string, startsWith = ""): SessionLearner {
  return { kind: "responseJson", pointer, startsWith };
}

/** Where a session id is looked for unless somebody says otherwise: what clients of agents commonly send. */
export const DEFAULT_EXTRACTORS: readonly SessionExtractor[] = [
  "header:x-session-id",
  "mcp",
  "json:/session",
  "json:/sessionId",
  "json:/session_id",
  "json:/previous_response_id",
  "json:/params/message/contextId",
  "json:/params/message/taskId",
].flatMap(parseSessionExtractors);

/** What is learned unless somebody says otherwise: ids that cannot be mistaken for anything else. */
export const DEFAULT_LEARNERS: readonly SessionLearner[] = ["mcp", "a2a", "openai-responses"].flatMap(
  parseSessionLearners,
);

function divide(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + mark.length)];
}

function malformed(text: string, forms: string): RoutingError {
  return new RoutingError({
    code: "rule_malformed",
    message: `found ${JSON.stringify(text.slice(0, 200))}, expected ${forms}`,
    hint: "docs/sessions.md describes every form",
  });
}
