import { findInJson, type FoundInJson } from "./find-in-json.ts";
import { matchPath } from "./match-path.ts";
import { readJwtClaim } from "./read-jwt-claim.ts";
import type { RequestHead } from "./request-head.ts";
import type { JwtPlace, SessionExtractor, SimpleExtractor } from "./session-rules.ts";

/** What of a request is looked into. */
export type RequestParts = {
  readonly head: RequestHead;
  /** The path as the agent sees it: without the agent's prefix. */
  readonly agentPath: string;
  /** The beginning of the body as text; empty when it is not needed. */
  readonly body: string;
  /** The first message of a WebSocket; empty when it is none, or not needed. */
  readonly frame: string;
};

const ABSENT: FoundInJson = { kind: "absent" };

/** Whether the extractor looks into the body of this request: reading it takes time. */
export function looksIntoBody(extractor: SessionExtractor, head: RequestHead): boolean {
  if (extractor.kind === "composite") return extractor.parts.some((part) => looksIntoBody(part, head));
  return extractor.kind === "json" && isJson(head.header("content-type"));
}

/** Whether the extractor looks into the first message of a WebSocket. */
export function looksIntoFrame(extractor: SessionExtractor): boolean {
  if (extractor.kind === "composite") return extractor.parts.some(looksIntoFrame);
  return extractor.kind === "wsFrame";
}

/** What stands in that place of the request, usable as an id or not. */
export function extractSession(extractor: SessionExtractor, source: RequestParts): FoundInJson {
  return extractor.kind === "composite" ? together(extractor, source) : simple(extractor, source);
}

function simple(extractor: SimpleExtractor, { head, agentPath, body, frame }: RequestParts): FoundInJson {
  switch (extractor.kind) {
    case "header":
      return text(head.header(extractor.name.toLowerCase()));
    case "cookie":
      return text(cookiesOf(head, extractor.name)[0]);
    case "query":
      return queryValue(head.query, extractor.name);
    case "path":
      return matchPath(agentPath, extractor.template);
    case "json":
      return looksIntoBody(extractor, head) ? findInJson(body, extractor.pointer) : ABSENT;
    case "jwt":
      return readJwtClaim(tokenAt(head, extractor.from), extractor.claim);
    case "wsFrame":
      return findInJson(frame, extractor.pointer);
  }
}

/** Injective: of two different lists of parts no joined id is the same, whatever clients put into their parts. */
function together({ parts }: Extract<SessionExtractor, { kind: "composite" }>, source: RequestParts): FoundInJson {
  const escaped: string[] = [];
  for (const part of parts) {
    const found = simple(part, source);
    if (found.kind !== "found") return found;
    escaped.push(found.value.replaceAll("%", "%25").replaceAll("|", "%7C"));
  }
  return text(escaped.join("|"));
}

function text(value: string | undefined): FoundInJson {
  return value === undefined || value === "" ? ABSENT : { kind: "found", value };
}

/** Every cookie of that name in order, as it stands there; RFC 6265 allows quotes. */
export function cookiesOf(head: RequestHead, name: string): readonly string[] {
  const header = head.header("cookie") ?? "";
  if (!header.includes(name)) return [];
  return header.split(";").flatMap((part) => {
    const equals = part.indexOf("=");
    if (equals < 1 || part.slice(0, equals).trim() !== name) return [];
    return [
      part
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1"),
    ];
  });
}

function queryValue(query: string, name: string): FoundInJson {
  if (!query.includes("=")) return ABSENT;
  return text(new URLSearchParams(query).get(name) ?? undefined);
}

function tokenAt(head: RequestHead, from: JwtPlace): string {
  switch (from.kind) {
    case "bearer":
      return /^bearer +(\S+)$/i.exec(head.header("authorization") ?? "")?.[1] ?? "";
    case "header":
      return head.header(from.name.toLowerCase()) ?? "";
    case "cookie":
      return cookiesOf(head, from.name)[0] ?? "";
  }
}

/** A body without a type is looked at too: whoever configured a pointer expects JSON there. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^[^;]*[/+]json\s*(?:;|$)/i.test(contentType);
}
