import type { IncomingMessage } from "node:http";
import type { Pin } from "@perch/domain";
import { baggageOf, type TraceContext } from "./trace-context.ts";

/** RFC 9110 section 7.6.1, and what older software treats the same way. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Said anew by the gateway, or answered by it. */
const REPLACED_IN_REQUEST = new Set(["host", "baggage", "traceparent", "tracestate", "expect", "x-forwarded-for"]);

const REPLACED_FOR_PLAIN_ANSWER = new Set([...REPLACED_IN_REQUEST, "accept-encoding"]);

export type OutgoingRequest = {
  readonly pin: Pin;
  readonly version: string;
  readonly trace: TraceContext;
  /** The answer is read here: it must not be packed. */
  readonly needsPlainAnswer: boolean;
};

/** Names and values in turn, as the agent gets them. */
export function requestHeaders(
  request: IncomingMessage,
  { pin, version, trace, needsPlainAnswer }: OutgoingRequest,
): string[] {
  const headers: string[] = [];
  const { rawHeaders } = request;
  const named = namedByConnection(request.headers.connection);
  const replaced = needsPlainAnswer ? REPLACED_FOR_PLAIN_ANSWER : REPLACED_IN_REQUEST;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const key = name.toLowerCase();
    if (HOP_BY_HOP.has(key) || replaced.has(key) || named.has(key) || key.startsWith("x-perch-")) continue;
    headers.push(name, rawHeaders[index + 1] ?? "");
  }
  const { tracestate } = request.headers;
  if (trace.isContinued && typeof tracestate === "string") headers.push("tracestate", tracestate);
  headers.push("traceparent", trace.traceparent, "baggage", baggageOf(pin));
  headers.push("x-perch-release", pin.release, "x-perch-version", version, "x-perch-arm", pin.arm);
  headers.push("x-perch-session", pin.session);
  if (pin.rollout !== null) headers.push("x-perch-rollout", pin.rollout);
  pushForwarded(headers, request);
  return headers;
}

function pushForwarded(headers: string[], request: IncomingMessage): void {
  const before = request.headers["x-forwarded-for"];
  const from = request.socket.remoteAddress ?? "unknown";
  headers.push("x-forwarded-for", before === undefined ? from : `${String(before)}, ${from}`);
  const { host } = request.headers;
  if (host !== undefined && request.headers["x-forwarded-host"] === undefined) headers.push("x-forwarded-host", host);
  if (request.headers["x-forwarded-proto"] === undefined) headers.push("x-forwarded-proto", "http");
}

/** Names and values in turn, as the client gets them. Of the agent's `x-perch-*` only the session's end goes on. */
export function responseHeaders(answer: Readonly<Record<string, string | string[] | undefined>>): string[] {
  const headers: string[] = [];
  const { connection } = answer;
  const named = namedByConnection(typeof connection === "string" ? connection : connection?.join(","));
  for (const [name, value] of Object.entries(answer)) {
    if (value === undefined || HOP_BY_HOP.has(name) || named.has(name)) continue;
    if (name.startsWith("x-perch-") && name !== "x-perch-session-end") continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.push(name, one);
  }
  return headers;
}

const NONE: ReadonlySet<string> = new Set();

function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return NONE;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}
