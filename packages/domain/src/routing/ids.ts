import { RoutingError } from "./error.ts";

/** A product's name: lower-case letters, digits and dashes, as it stands in URLs and OCI annotations. */
export type AgentName = string & { readonly brand: "AgentName" };
/** Whatever the client calls its conversation: 1 to 200 visible ASCII characters. */
export type SessionId = string & { readonly brand: "SessionId" };
export type RolloutId = string & { readonly brand: "RolloutId" };
export type GatewayId = string & { readonly brand: "GatewayId" };
export type MoveId = string & { readonly brand: "MoveId" };

const SESSION_ID = /^[\x21-\x7e]{1,200}$/;

export function parseAgentName(text: string): AgentName {
  return parseId(
    text,
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    "an agent name: lower-case letters, digits, dashes",
  ) as AgentName;
}

export function parseSessionId(text: string): SessionId {
  return parseId(text, SESSION_ID, "a session id: 1 to 200 visible ASCII characters without spaces") as SessionId;
}

/** For what others wrote: an id that cannot be used is none, not an error. */
export function isSessionId(text: string): text is SessionId {
  return SESSION_ID.test(text);
}

export function parseRolloutId(text: string): RolloutId {
  return parseId(text, /^[a-z0-9][a-z0-9.-]{0,127}$/, "a rollout id") as RolloutId;
}

export function parseGatewayId(text: string): GatewayId {
  return parseId(text, /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/, "a gateway id") as GatewayId;
}

export function parseMoveId(text: string): MoveId {
  return parseId(text, /^[a-z0-9][a-z0-9.-]{0,159}$/, "a move's id") as MoveId;
}

function parseId(text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text;
  throw new RoutingError({
    code: "id_malformed",
    message: `found ${JSON.stringify(text.slice(0, 100))}, expected ${expected}`,
    hint: "correct the name and try again",
  });
}
