import { extractSession, type RequestParts } from "./extract-session.ts";
import type { SessionExtractor } from "./session-rules.ts";

/** Longer ones are no ids of users. */
const LONGEST = 500;

/** The user's id in that place of the request; null when nothing there can be one. Nobody is refused for having none. */
export function findUser(extractor: SessionExtractor, parts: RequestParts): string | null {
  const found = extractSession(extractor, parts);
  return found.kind === "found" && found.value.length <= LONGEST ? found.value : null;
}
