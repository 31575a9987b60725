import { parseAgentName, parseSessionId, RoutingError, type SessionCursor } from "@perch/domain";
import { z } from "zod";

const cursorSchema = z.tuple([z.number(), z.string(), z.string()]);

/** Where a page ended, as the next request names it. */
export function formatCursor({ startedAt, agent, session }: SessionCursor): string {
  return Buffer.from(JSON.stringify([startedAt, agent, session])).toString("base64url");
}

/** Null for what is none. */
export function parseCursor(text: string): SessionCursor | null {
  try {
    const [startedAt, agent, session] = cursorSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    return { startedAt, agent: parseAgentName(agent), session: parseSessionId(session) };
  } catch (error) {
    if (error instanceof RoutingError || error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
