import {
  extractSession,
  looksIntoBody,
  looksIntoFrame,
  parseSessionId,
  RoutingError,
  type RequestHead,
  type SessionExtractor,
  type SessionId,
} from "@perch/domain";
import type { Soon } from "./soon.ts";

export const SESSION_COOKIE = "perch_session";
export const SESSION_HEADER = "x-perch-session";

export type FoundSession =
  | {
      readonly kind: "found";
      readonly session: SessionId;
      /** The client says it with every request, so that it need not learn another name of the session. */
      readonly isInHead: boolean;
    }
  | { readonly kind: "minted"; readonly session: SessionId }
  | { readonly kind: "malformed"; readonly message: string };

export type SessionRequest = {
  readonly head: RequestHead;
  /** The path as the agent sees it: without the agent's prefix. */
  readonly agentPath: string;
  /** The beginning of the body as text. */
  readonly peekBody: () => Soon<string>;
  /** The first message of a WebSocket as text; null for every other request. */
  readonly peekFrame: (() => Soon<string>) | null;
  readonly mint: () => string;
};

// Where a session id goes that the gateway minted: a client that echoes it keeps its session.
const OWN: readonly SessionExtractor[] = [
  { kind: "header", name: SESSION_HEADER },
  { kind: "cookie", name: SESSION_COOKIE },
];

/** The first extractor that finds an id decides, also when the id cannot be used: another one could be another session. */
export function findSession(request: SessionRequest, extractors: readonly SessionExtractor[]): Soon<FoundSession> {
  return findFrom(0, request, extractors);
}

function findFrom(first: number, request: SessionRequest, extractors: readonly SessionExtractor[]): Soon<FoundSession> {
  for (let at = first; ; at += 1) {
    const extractor = extractors[at] ?? OWN[at - extractors.length];
    if (extractor === undefined) return { kind: "minted", session: parseSessionId(request.mint()) };
    if (hasToWait(extractor, request)) {
      return peekWith(extractor, request).then((found) => found ?? findFrom(at + 1, request, extractors));
    }
    const found = look(extractor, request, NOTHING_INSIDE);
    if (found !== null) return found;
  }
}

type Inside = { readonly body: string; readonly frame: string };
const NOTHING_INSIDE: Inside = { body: "", frame: "" };

function hasToWait(extractor: SessionExtractor, { head, peekFrame }: SessionRequest): boolean {
  return looksIntoBody(extractor, head) || (peekFrame !== null && looksIntoFrame(extractor));
}

async function peekWith(extractor: SessionExtractor, request: SessionRequest): Promise<FoundSession | null> {
  const body = looksIntoBody(extractor, request.head) ? await request.peekBody() : "";
  const frame = looksIntoFrame(extractor) && request.peekFrame !== null ? await request.peekFrame() : "";
  return look(extractor, request, { body, frame });
}

/** Null when there is nothing. */
function look(extractor: SessionExtractor, { head, agentPath }: SessionRequest, inside: Inside): FoundSession | null {
  const { body, frame } = inside;
  const candidate = extractSession(extractor, { head, agentPath, body, frame });
  if (candidate.kind === "absent") return null;
  if (candidate.kind === "unusable") {
    return malformed(extractor, `found ${candidate.found}, expected a string or a whole number`);
  }
  return parseCandidate(candidate.value, extractor, head);
}

function parseCandidate(text: string, extractor: SessionExtractor, head: RequestHead): FoundSession {
  try {
    const isInHead = !looksIntoBody(extractor, head) && !looksIntoFrame(extractor);
    return { kind: "found", session: parseSessionId(text), isInHead };
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    return malformed(extractor, error.message);
  }
}

function malformed(extractor: SessionExtractor, problem: string): FoundSession {
  return { kind: "malformed", message: `${problem}, in the ${placeOf(extractor)} of the request` };
}

function placeOf(extractor: SessionExtractor): string {
  switch (extractor.kind) {
    case "header":
    case "cookie":
      return `${extractor.kind} ${extractor.name}`;
    case "query":
      return `query parameter ${extractor.name}`;
    case "path":
      return `path ${extractor.template}`;
    case "json":
      return `JSON pointer ${extractor.pointer}`;
    case "wsFrame":
      return `JSON pointer ${extractor.pointer} of the first message`;
    case "jwt":
      return `claim ${extractor.claim} of the token`;
    case "composite":
      return extractor.parts.map(placeOf).join(" with the ");
  }
}
