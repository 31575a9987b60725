import { fieldOf, type Fields } from "../http1/fields.ts";
import type { Forwarding } from "./exchange.ts";
import { baggageOf } from "./trace-context.ts";

/** RFC 9110 section 7.6.1, and what older software treats the same way. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);
/** Said anew by the gateway, or answered by it. */
const REPLACED_IN_REQUEST: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  "host",
  "baggage",
  "traceparent",
  "tracestate",
  "expect",
  "x-forwarded-for",
  "x-forwarded-prefix",
  // HTTP/2 in the clear, which the gateway does not take up.
  "http2-settings",
]);
const REPLACED_FOR_PLAIN_ANSWER: ReadonlySet<string> = new Set([...REPLACED_IN_REQUEST, "accept-encoding"]);
/** What a trailer must not be (RFC 9110, section 6.5.1): framing, routing, and what decides before the body. */
const NEVER_TRAILERS: ReadonlySet<string> = new Set([
  ...REPLACED_IN_REQUEST,
  "content-length",
  "content-encoding",
  "content-type",
  "content-range",
  "trailer",
  "authorization",
  "cookie",
  "set-cookie",
  "cache-control",
]);
const NOT_COPIED: ReadonlySet<string> = new Set(["content-length", "trailer"]);
const OWN_PREFIX = /^x[-_]perch[-_]/;

/** The lines of a request as the agent gets them, without its first line and its host, which depend on where it goes. */
export function requestLines(forwarding: Forwarding): string {
  const { turn, pin, isOutsideSessions, release, trace, opened, needsPlainAnswer, pathPrefix } = forwarding;
  const { fields, framing, isWebSocket } = turn.request;
  const replaced = needsPlainAnswer ? REPLACED_FOR_PLAIN_ANSWER : REPLACED_IN_REQUEST;
  let lines = keptLines(fields, replaced, opened === null ? isOwn : isOwnOrAgreed);
  if (framing.kind === "chunked") lines += "transfer-encoding: chunked\r\n";
  if (isWebSocket) lines += "connection: Upgrade\r\nupgrade: websocket\r\n";
  if (opened !== null && opened.protocol !== null) lines += `sec-websocket-protocol: ${opened.protocol}\r\n`;
  const tracestate = trace.isContinued ? fieldOf(fields, "tracestate") : undefined;
  if (tracestate !== undefined) lines += `tracestate: ${tracestate}\r\n`;
  const rollout = pin.rollout === null ? "" : `x-perch-rollout: ${pin.rollout}\r\n`;
  const session = isOutsideSessions ? "" : `baggage: ${baggageOf(pin)}\r\nx-perch-session: ${pin.session}\r\n`;
  return (
    `${lines}traceparent: ${trace.traceparent}\r\n${session}` +
    `x-perch-release: ${pin.release}\r\nx-perch-version: ${release.version}\r\nx-perch-arm: ${pin.arm}\r\n` +
    `${rollout}${forwardedLines({ fields, remoteAddress: turn.remoteAddress, pathPrefix })}`
  );
}

/**
 * The lines of a request that are the same for whoever gets a copy of it. Nothing about its framing, which the copy has of
 * its own; and no wish to have the answer packed.
 */
export function copiedLines(fields: Fields): string {
  return keptLines(fields, REPLACED_FOR_PLAIN_ANSWER, (key) => isOwn(key) || NOT_COPIED.has(key));
}

export type ForwardedFrom = {
  readonly fields: Fields;
  readonly remoteAddress: string;
  /** Which the agent does not see in the path. */
  readonly pathPrefix: string;
};

/** From these an agent can tell under which URL its clients know it. */
export function forwardedLines({ fields, remoteAddress, pathPrefix }: ForwardedFrom): string {
  const before = fieldOf(fields, "x-forwarded-for");
  const host = fieldOf(fields, "host");
  const hasHost = host === undefined || fields.keys.includes("x-forwarded-host");
  const hasProto = fields.keys.includes("x-forwarded-proto");
  const prefix = `${fieldOf(fields, "x-forwarded-prefix") ?? ""}${pathPrefix}`;
  return (
    `x-forwarded-for: ${before === undefined ? "" : `${before}, `}${remoteAddress}\r\n` +
    `${hasHost ? "" : `x-forwarded-host: ${host}\r\n`}${hasProto ? "" : "x-forwarded-proto: http\r\n"}` +
    (prefix === "" ? "" : `x-forwarded-prefix: ${prefix}\r\n`)
  );
}

/** Names and values in turn, as lines. */
export function linesOf(headers: readonly string[]): string {
  let lines = "";
  for (let index = 0; index + 1 < headers.length; index += 2) lines += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return lines;
}

/** The lines of an answer as the client gets them. Of the agent's `x-perch-*` only the session's end goes on. */
export function answerLines(fields: Fields): string {
  return keptLines(fields, HOP_BY_HOP, (key) => isOwn(key) && key !== "x-perch-session-end");
}

/** A body without a length must not keep one it had on paper. */
export function withoutLength(fields: Fields): Fields {
  if (!fields.keys.includes("content-length")) return fields;
  return only(fields, (key) => key !== "content-length");
}

/** Of either side's trailers. */
export function passedTrailers(fields: Fields): Fields {
  if (fields.keys.length === 0) return fields;
  return only(fields, (key) => !NEVER_TRAILERS.has(key) && !isOwn(key));
}

/** Servers that name headers after CGI do not tell `x_perch_release` from `x-perch-release`. */
function isOwn(key: string): boolean {
  return key.startsWith("x") && OWN_PREFIX.test(key);
}

/** What was agreed on with a WebSocket's client already is not for the agent to choose. */
function isOwnOrAgreed(key: string): boolean {
  return isOwn(key) || key === "sec-websocket-extensions" || key === "sec-websocket-protocol";
}

function keptLines(fields: Fields, dropped: ReadonlySet<string>, isDropped: (key: string) => boolean): string {
  const { names, keys, values } = fields;
  const named = namedByConnection(fields);
  let lines = "";
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? "";
    if (dropped.has(key) || (named !== NONE && named.has(key)) || isDropped(key)) continue;
    lines += `${names[index]}: ${values[index]}\r\n`;
  }
  return lines;
}

function only({ names, keys, values }: Fields, isKept: (key: string) => boolean): Fields {
  const at = [...keys.keys()].filter((index) => isKept(keys[index] ?? ""));
  const pick = (list: readonly string[]): readonly string[] => at.map((index) => list[index] ?? "");
  return { names: pick(names), keys: pick(keys), values: pick(values) };
}

const NONE: ReadonlySet<string> = new Set();
/** Framing is read before this, so a `connection` that names it must not take it away. */
const NEVER_NAMED: ReadonlySet<string> = new Set(["content-length", "content-type", "content-encoding"]);

function namedByConnection(fields: Fields): ReadonlySet<string> {
  const connection = fieldOf(fields, "connection")?.toLowerCase();
  if (connection === undefined || connection === "keep-alive" || connection === "close") return NONE;
  const named = connection.split(",").map((name) => name.trim());
  return new Set(named.filter((name) => !NEVER_NAMED.has(name)));
}
