import {
  extractSession,
  looksIntoBody,
  looksIntoFrame,
  userText,
  type RequestHead,
  type RequestParts,
  type SessionExtractor,
  type Utterance,
} from "@perch/domain";
import type { SessionRequest } from "../session/find-session.ts";
import type { Soon } from "../session/soon.ts";

/** A request whose agent is known. */
export type AgentRequest = Pick<SessionRequest, "head" | "agentPath" | "peekBody" | "peekFrame">;

export const MOST_TEXT = 4000;

/** What the extractor looks into, and no more: reading a body takes time, and so does hearing a first message. */
export async function readParts(request: AgentRequest, extractor: SessionExtractor): Promise<RequestParts> {
  const { head, agentPath, peekBody, peekFrame } = request;
  const body = looksIntoBody(extractor, head) ? await peekBody() : "";
  const frame = looksIntoFrame(extractor) && peekFrame !== null ? await peekFrame() : "";
  return { head, agentPath, body, frame };
}

/**
 * What a turn says. A WebSocket's first message is heard only where the client is known to speak first, because the session's
 * id or the user's words are looked for in it; any other would wait for an agent that waits for it.
 */
export async function readUtterance(
  request: AgentRequest,
  {
    places,
    sessionExtractors,
  }: { places: readonly SessionExtractor[]; sessionExtractors: readonly SessionExtractor[] },
): Promise<Utterance> {
  const { head, agentPath, peekBody, peekFrame } = request;
  const said =
    peekFrame === null
      ? await bodyOf(head, peekBody)
      : await firstMessage(peekFrame, [...places, ...sessionExtractors]);
  const parts = { head, agentPath, body: peekFrame === null ? said : "", frame: peekFrame === null ? "" : said };
  const text = places.length === 0 ? userText(said, typeOf(request, said)) : textAt(places, parts);
  return { head, agentPath, body: said, text: text.slice(0, MOST_TEXT) };
}

async function bodyOf(head: RequestHead, peekBody: AgentRequest["peekBody"]): Promise<string> {
  const type = head.header("content-type");
  const isReadable = type === undefined || /^(?:text\/plain\b|[^;]*[/+]json\s*(?:;|$))/i.test(type);
  return isReadable ? await peekBody() : "";
}

async function firstMessage(peekFrame: () => Soon<string>, places: readonly SessionExtractor[]): Promise<string> {
  return places.some(looksIntoFrame) ? await peekFrame() : "";
}

/** A WebSocket's message may be JSON or plain words. */
function typeOf({ head, peekFrame }: AgentRequest, said: string): string | undefined {
  if (peekFrame === null) return head.header("content-type");
  return /^\s*[[{"]/.test(said) ? "application/json" : "text/plain";
}

function textAt(places: readonly SessionExtractor[], parts: RequestParts): string {
  for (const place of places) {
    const found = extractSession(place, parts);
    if (found.kind === "found") return found.value;
  }
  return "";
}
