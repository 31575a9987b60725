import {
  findInJson,
  parseSessionId,
  RoutingError,
  type RequestHead,
  type SessionExtractor,
  type SessionId,
} from "@perch/domain";

export const SESSION_COOKIE = "perch_session";
export const SESSION_HEADER = "x-perch-session";

export type FoundSession =
  | { readonly kind: "found"; readonly session: SessionId }
  | { readonly kind: "minted"; readonly session: SessionId }
  | { readonly kind: "malformed"; readonly message: string };

export type SessionRequest = {
  readonly head: RequestHead;
  /** The beginning of the body as text. */
  readonly peekBody: () => Promise<string>;
  readonly mint: () => string;
};

// Where a session id goes that the gateway minted: a client that echoes it keeps its session.
const OWN: readonly SessionExtractor[] = [
  { kind: "header", name: SESSION_HEADER },
  { kind: "cookie", name: SESSION_COOKIE },
];

/** The first extractor that finds an id decides, also when the id cannot be used: another one could be another session. */
export async function findSession(
  request: SessionRequest,
  extractors: readonly SessionExtractor[],
): Promise<FoundSession> {
  for (const extractor of [...extractors, ...OWN]) {
    const candidate = await candidateOf(extractor, request);
    if (candidate.kind === "absent") continue;
    if (candidate.kind === "unusable") {
      return malformed(extractor, `found ${candidate.found}, expected a string or a whole number`);
    }
    return parseCandidate(candidate.value, extractor);
  }
  return { kind: "minted", session: parseSessionId(request.mint()) };
}

async function candidateOf(
  extractor: SessionExtractor,
  request: SessionRequest,
): Promise<ReturnType<typeof findInJson>> {
  switch (extractor.kind) {
    case "header": {
      return textCandidate(request.head.header(extractor.name.toLowerCase()));
    }
    case "cookie":
      return textCandidate(cookieOf(request.head.header("cookie") ?? "", extractor.name));
    case "json":
      if (!isJson(request.head.header("content-type"))) return { kind: "absent" };
      return findInJson(await request.peekBody(), extractor.pointer);
  }
}

function textCandidate(value: string | undefined): ReturnType<typeof findInJson> {
  return value === undefined || value === "" ? { kind: "absent" } : { kind: "found", value };
}

/** The value as it stands there; RFC 6265 allows it in quotes. */
function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0 && part.slice(0, equals).trim() === name) {
      return part
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1");
    }
  }
  return undefined;
}

/** A body without a type is looked at too: whoever configured a pointer expects JSON there. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^[^;]*[/+]json\s*(?:;|$)/i.test(contentType);
}

function parseCandidate(text: string, extractor: SessionExtractor): FoundSession {
  try {
    return { kind: "found", session: parseSessionId(text) };
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    return malformed(extractor, error.message);
  }
}

function malformed(extractor: SessionExtractor, problem: string): FoundSession {
  const place = extractor.kind === "json" ? `JSON pointer ${extractor.pointer}` : `${extractor.kind} ${extractor.name}`;
  return { kind: "malformed", message: `${problem}, in the ${place} of the request` };
}
