import { randomUUID } from "node:crypto";
import { Client, StreamableHTTPClientTransport, type Progress } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMcpAgent } from "./mcp-agent.ts";
import { AFTER_RESTARTS, expectOneReleaseEach, playStory } from "./story.ts";
import { until } from "./until.ts";
import { beginWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  // The stream of notifications has no end: a gateway that is told to stop cuts it then, and its client comes back.
  world = await beginWorld({ agent: createMcpAgent, gatewayFlags: ["--drain", "0.2"] });
});
afterAll(async () => await world.end());

type Session = { readonly client: Client; readonly transport: StreamableHTTPClientTransport; changes(): number };

async function connect(index: number, headers: Readonly<Record<string, string>> = {}): Promise<Session> {
  const { agentUrls } = world.stage;
  let changes = 0;
  const isModern = "x-session-id" in headers;
  const client = new Client(
    { name: "e2e", version: "1" },
    {
      versionNegotiation: { mode: isModern ? { pin: "2026-07-28" } : "legacy" },
      listChanged: { tools: { onChanged: () => (changes += 1), autoRefresh: false, debounceMs: 0 } },
    },
  );
  const transport = new StreamableHTTPClientTransport(new URL(`${agentUrls[0]}/mcp`), {
    fetch: world.fetch(index),
    requestInit: { headers },
    reconnectionOptions: {
      initialReconnectionDelay: 20,
      maxReconnectionDelay: 500,
      reconnectionDelayGrowFactor: 2,
      maxRetries: 20,
    },
  });
  await client.connect(transport);
  return { client, transport, changes: () => changes };
}

async function textOf({ client }: Session, name: string, onprogress?: (progress: Progress) => void): Promise<string> {
  const { content } = await client.callTool({ name, arguments: {} }, onprogress === undefined ? {} : { onprogress });
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join();
}

const MANY = Array.from({ length: 8 }, (_, index) => index);

async function withMany(use: (session: Session) => Promise<void>): Promise<void> {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const session = await connect(index);
      await use(session);
      await session.client.close();
    }),
  );
  expectOneReleaseEach(world, MANY.length);
}

test("tools are listed and called, and say how far they are", async () => {
  await withMany(async (session) => {
    const { tools } = await session.client.listTools();
    expect(tools.map(({ name }) => name)).toContain("work");
    const told: number[] = [];
    const release = await textOf(session, "work", ({ progress }) => told.push(progress));
    expect(told).toEqual([1, 2, 3]);
    expect(release).toBe(session.client.getServerVersion()?.version);
  });
});

test("notifications come on the stream that the client opened by GET", async () => {
  await withMany(async (session) => {
    // Both come from the same client, but nothing puts them in order.
    await until(
      "the streams of all",
      () => world.heard().filter(({ method }) => method === "GET").length >= MANY.length,
    );
    await textOf(session, "announce");
    await until("the notification", () => session.changes() === 1);
  });
});

test("a call whose stream ends early is taken up again behind its last event, through the other gateway", async () => {
  await withMany(async (session) => {
    expect(await textOf(session, "hang-up")).toBe(session.client.getServerVersion()?.version);
  });
});

test("a session that its client ends is over at its agent, and its id names no other one", async () => {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const { client, transport } = await connect(index);
      const { sessionId = "" } = transport;
      const release = client.getServerVersion()?.version;
      await transport.terminateSession();
      await client.close();
      const url = new URL(`${world.stage.agentUrls[1]}/mcp`);
      const late = new StreamableHTTPClientTransport(url, { sessionId, fetch: world.fetch(index) });
      await late.start();
      const sent = late.send({ jsonrpc: "2.0", id: 1, method: "tools/list" });
      await expect(sent).rejects.toThrow(`${sessionId} is no session of ${release}`);
      await late.close();
    }),
  );
});

test("clients of 2026-07-28, whose protocol has no sessions, keep one by a header", async () => {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const session = await connect(index, { "x-session-id": randomUUID() });
      const said = [session.client.getServerVersion()?.version];
      for (const name of ["version", "work", "version"]) said.push(await textOf(session, name));
      expect(new Set(said).size).toBe(1);
      await session.client.close();
    }),
  );
  expectOneReleaseEach(world, MANY.length);
});

test("sessions stay on their release through promotion, rollback and restarts, and so do their streams", async () => {
  await playStory(world, async (index) => {
    const session = await connect(index);
    return {
      async turn(text) {
        if (text !== AFTER_RESTARTS) return await textOf(session, "version");
        // The stream that was cut comes back by itself, sooner or later.
        const before = session.changes();
        let release = "";
        await until("a notification", async () => {
          release = await textOf(session, "announce");
          return session.changes() > before;
        });
        return release;
      },
      end: async () => await session.client.close(),
    };
  });
});
