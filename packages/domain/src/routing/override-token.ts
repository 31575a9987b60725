import { z } from "zod";
import { parseAgentName, parseSessionId, type AgentName, type SessionId } from "./ids.ts";
import { RoutingError } from "./error.ts";
import type { PinSecrets } from "./pin-secrets.ts";
import { openSeal, seal } from "./seal.ts";

/** Lets its bearer choose the release of new sessions, whatever the weights say. */
export type Override = {
  /** Names the token in every pin that was made with it. */
  readonly id: string;
  readonly agent: AgentName;
  /** A version, a digest, or `agent@…` of one. */
  readonly release: string;
  /** The only session it is good for; null for any. */
  readonly session: SessionId | null;
  readonly expiresAt: number;
};

export const LONGEST_OVERRIDE_MS = 86_400_000;

/** Throws `RoutingError` `override_unusable`: a token that lives longer than a day is as good as a password. */
export function mintOverride(override: Override, now: number, secrets: PinSecrets): string {
  const ttlMs = override.expiresAt - now;
  if (!(ttlMs > 0 && ttlMs <= LONGEST_OVERRIDE_MS)) {
    throw new RoutingError({
      code: "override_unusable",
      message: `found a lifetime of ${ttlMs} ms, expected more than nothing and at most 24h`,
      hint: "a token is for a test: make a new one for the next",
    });
  }
  const { id, agent, release, session, expiresAt } = override;
  return seal("ovr1", { payload: JSON.stringify([id, agent, release, session, expiresAt]), context: "" }, secrets);
}

/** Null for whatever is no token of these secrets, or no longer one. */
export function readOverride(text: string, now: number, secrets: PinSecrets): Override | null {
  const payload = openSeal("ovr1", { text, context: "" }, secrets);
  if (payload === null) return null;
  const [id, agent, release, session, expiresAt] = payloadSchema.parse(JSON.parse(payload));
  if (expiresAt <= now || expiresAt - now > LONGEST_OVERRIDE_MS) return null;
  return {
    id,
    agent: parseAgentName(agent),
    release,
    session: session === null ? null : parseSessionId(session),
    expiresAt,
  };
}

const payloadSchema = z.tuple([z.string(), z.string(), z.string(), z.string().nullable(), z.number()]);
