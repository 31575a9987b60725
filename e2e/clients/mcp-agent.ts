import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  createMcpHandler,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
  type EventStore,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Handler } from "./agents.ts";

/**
 * An MCP server at `/mcp`: with sessions for clients up to 2025-11-25, without for those of 2026-07-28, which have none. An id
 * of a session that this release did not give out is answered with 404, as the specification wants it.
 */
export function createMcpAgent(version: string): Handler {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const modern = createMcpHandler(() => serverOf(version));
  return async (request) => {
    if (!(await isLegacyRequest(request.clone()))) return await modern.fetch(request);
    const id = request.headers.get("mcp-session-id");
    const held = id === null ? undefined : sessions.get(id);
    if (held !== undefined) return await held.handleRequest(request);
    if (id !== null) return Response.json({ error: `${id} is no session of ${version}` }, { status: 404 });
    const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: 50,
      onsessioninitialized: (session) => void sessions.set(session, transport),
      onsessionclosed: (session) => void sessions.delete(session),
    });
    await serverOf(version).connect(transport);
    return await transport.handleRequest(request);
  };
}

function serverOf(version: string): McpServer {
  const server = new McpServer({ name: "e2e", version }, { capabilities: { tools: { listChanged: true } } });
  const answer = { content: [{ type: "text" as const, text: version }] };
  const inputSchema = z.object({});
  server.registerTool("version", { description: "Says its release", inputSchema }, () => answer);
  server.registerTool("work", { description: "Tells how far it is", inputSchema }, async (_none, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken ?? "";
    for (const progress of [1, 2, 3]) {
      await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 3 } });
      await delay(5);
    }
    return answer;
  });
  server.registerTool("announce", { description: "Tells of changed tools", inputSchema }, async () => {
    server.sendToolListChanged();
    return answer;
  });
  server.registerTool(
    "hang-up",
    { description: "Ends its stream before it answers", inputSchema },
    async (_none, ctx) => {
      ctx.http?.closeSSE?.();
      await delay(100);
      return answer;
    },
  );
  return server;
}

/** Of one session: what its streams have said, to be said again behind the event that a client saw last. */
function createEventStore(): EventStore {
  type Event = Parameters<EventStore["storeEvent"]>;
  const events: Event[] = [];
  return {
    async storeEvent(...event) {
      events.push(event);
      return String(events.length - 1);
    },
    async replayEventsAfter(lastEventId, { send }) {
      const stream = events[Number(lastEventId)]?.[0] ?? "";
      for (const [index, [of, message]] of events.entries()) {
        if (index > Number(lastEventId) && of === stream) await send(String(index), message);
      }
      return stream;
    },
  };
}
