import type { Refusal } from "../problem.ts";
import { countOf, fieldOf, type Fields } from "./fields.ts";
import { framingOf, type Framing } from "./framing.ts";
import type { Head } from "./head-reader.ts";

export type RequestLine = {
  readonly method: string;
  /** Without the query; begins with a slash, but for the `*` of OPTIONS. */
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  readonly isHttp10: boolean;
};

/** A request that may be passed on: every reader of it sees the same one. */
export type ClientRequest = RequestLine & {
  readonly fields: Fields;
  readonly framing: Framing;
  readonly keepsAlive: boolean;
  readonly expectsContinue: boolean;
  readonly isWebSocket: boolean;
};

export type ParsedRequest =
  | { readonly kind: "request"; readonly request: ClientRequest }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const MAX_TARGET = 8192;
const REQUEST_LINE = /^([A-Z][A-Z-]*) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+,;=-]*)(?::\d{0,5})?$/i;

/** What llhttp leaves open is decided here, always for the stricter reading. */
export function parseRequest(head: Head): ParsedRequest {
  const { fields, keepsAlive } = head;
  const line = parseLine(head.startLine, fields);
  if ("status" in line) return { kind: "refused", refusal: line };
  const found = framingOf(fields, line.isHttp10);
  if (found.kind === "ambiguous") return refused(malformed(found.reason));
  if (found.kind === "unknownCoding") return refused(unknownCoding(found.coding));
  const isWebSocket = asksForWebSocket(fields);
  const { framing } = found;
  if (isWebSocket && framing.kind !== "none") return refused(malformed("it asks for a WebSocket and has a body"));
  const expectation = line.isHttp10 ? undefined : fieldOf(fields, "expect")?.toLowerCase();
  if (expectation !== undefined && expectation !== "100-continue") return refused(unknownExpectation(expectation));
  const expectsContinue = expectation !== undefined;
  const { method, path, query, isHttp10 } = line;
  const request = { method, path, query, isHttp10, fields, framing, keepsAlive, expectsContinue, isWebSocket };
  return { kind: "request", request };
}

function refused(refusal: Refusal): ParsedRequest {
  return { kind: "refused", refusal };
}

function parseLine(startLine: string, fields: Fields): RequestLine | Refusal {
  const [, method, target, minor] = REQUEST_LINE.exec(startLine) ?? [];
  if (method === undefined || target === undefined) return malformedLine(startLine);
  const isHttp10 = minor === "0";
  if (target.length > MAX_TARGET) return targetTooLong();
  if (method === "CONNECT" || method === "TRACE") return unknownMethod(method);
  const host = fieldOf(fields, "host");
  const fault = faultOfHost(fields, { host, isHttp10 });
  if (fault !== null) return malformed(fault);
  const origin = originFormOf(target, { method, host });
  if (origin === null) return malformed(`its target is ${JSON.stringify(target.slice(0, 100))}`);
  const mark = origin.indexOf("?");
  const [path, query] = mark < 0 ? [origin, ""] : [origin.slice(0, mark), origin.slice(mark)];
  return { method, path, query, isHttp10 };
}

function faultOfHost(
  fields: Fields,
  { host, isHttp10 }: { readonly host: string | undefined; readonly isHttp10: boolean },
): string | null {
  const hosts = countOf(fields, "host");
  if (hosts > 1 || (hosts === 0 && !isHttp10)) return `it has ${hosts} Host fields, expected one`;
  return host === undefined || HOST.test(host) ? null : `its Host is ${JSON.stringify(host.slice(0, 100))}`;
}

/** Path and query. Clients use the absolute form towards a proxy (RFC 9112, section 3.2.2); null when it is neither. */
function originFormOf(
  target: string,
  { method, host }: { readonly method: string; readonly host: string | undefined },
): string | null {
  if (target.includes("#")) return null;
  if (target.startsWith("/")) return target;
  if (target === "*") return method === "OPTIONS" ? target : null;
  const [, authority, rest] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined || rest === undefined) return null;
  // Two names of the host: an agent could go by the other one.
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) return null;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function asksForWebSocket(fields: Fields): boolean {
  if (fieldOf(fields, "upgrade")?.toLowerCase() !== "websocket") return false;
  return /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(fieldOf(fields, "connection") ?? "");
}

export function malformed(reason: string): Refusal {
  return {
    status: 400,
    code: "request_malformed",
    message: `this is no request that can be passed on: ${reason}`,
    hint: "send HTTP/1.1 as RFC 9112 has it; the connection is closed, since what follows cannot be told apart",
  };
}

export function headTooLarge(reason: string): Refusal {
  return {
    status: 431,
    code: "head_too_large",
    message: `this request cannot be taken: ${reason}`,
    hint: "send fewer or shorter header fields",
  };
}

export function headTooSlow(seconds: number): Refusal {
  return {
    status: 408,
    code: "request_timeout",
    message: `the request did not arrive within ${seconds} s`,
    hint: "send the head of a request, and a body that names its session, without pauses",
  };
}

function malformedLine(line: string): Refusal {
  const version = / HTTP\/(\d\.\d)$/.exec(line)?.[1];
  if (version === undefined || version.startsWith("1.")) {
    return malformed(`its first line is ${JSON.stringify(line.slice(0, 100))}`);
  }
  return {
    status: 505,
    code: "version_unsupported",
    message: `found HTTP/${version}, expected HTTP/1.1 or HTTP/1.0`,
    hint: "speak HTTP/1.1 to the gateway",
  };
}

function targetTooLong(): Refusal {
  return {
    status: 414,
    code: "target_too_long",
    message: `the request's target has more than ${MAX_TARGET} bytes`,
    hint: "send what is long in the body",
  };
}

function unknownMethod(method: string): Refusal {
  return {
    status: 501,
    code: "method_unsupported",
    message: `found method ${method}, expected one that an agent can answer`,
    hint: "the gateway tunnels and echoes nothing: it passes GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS and their like",
  };
}

function unknownCoding(coding: string): Refusal {
  return {
    status: 501,
    code: "transfer_coding_unsupported",
    message: `found transfer-encoding ${JSON.stringify(coding.slice(0, 50))}, expected "chunked" or none`,
    hint: "compress with content-encoding instead",
  };
}

function unknownExpectation(expectation: string): Refusal {
  return {
    status: 417,
    code: "expectation_failed",
    message: `found the expectation ${JSON.stringify(expectation.slice(0, 50))}, expected "100-continue" or none`,
    hint: "leave the Expect field out",
  };
}
