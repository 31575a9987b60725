import type { AgentName, SessionId } from "../routing/ids.ts";

/** What a session is known by: clients of two agents may call their conversations the same. */
export type SessionKey = { readonly agent: AgentName; readonly session: SessionId };

/** The key as one text, for maps and sets. Neither part can hold a space, so no two keys give the same. */
export function formatSessionKey({ agent, session }: SessionKey): string {
  return `${agent} ${session}`;
}
