import { parseSessionId, placeSession, type FirstContact, type Pin, type RequestHead } from "@perch/domain";

/**
 * A browser's question whether it may ask (CORS, Fetch standard section 4.8). It carries neither cookies nor the headers of
 * the request it is for, so an id in it could only name half of the truth.
 */
export function isPreflight({ method, header }: RequestHead): boolean {
  return method === "OPTIONS" && header("access-control-request-method") !== undefined;
}

/** What is read before there is a conversation: options, an agent's card, a server's metadata (RFC 8615). */
export function isDiscovery({ method }: RequestHead, agentPath: string): boolean {
  if (method === "OPTIONS") return true;
  return (method === "GET" || method === "HEAD") && agentPath.startsWith("/.well-known/");
}

const NOBODY = parseSessionId("-");

/** The way to the current release. It is claimed by nobody, kept nowhere, signed for nobody, and not mirrored. */
export function placeOutside(contact: Omit<FirstContact, "session" | "candidate">): Pin {
  const route = { ...contact.route, canary: null, mirror: null };
  return placeSession({ ...contact, session: NOBODY, candidate: null, route });
}
