import { createServer } from "node:http";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { perch } from "@perch/sdk";
import { z } from "zod";
import { answerTurn, type Message } from "./answer-turn.ts";
import { serveTools } from "./serve-tools.ts";

// A support agent without a framework: a loop around a model, and tools behind MCP.
const { PORT = "0", OPENAI_BASE_URL: modelUrl = "", PAID_FILE: paidFile = "paid.txt" } = process.env;
const bodySchema = z.object({ message: z.string().min(1) });
const MAX_CONVERSATIONS = 1000;
const conversations = new Map<string, Message[]>();

const tools = new Client(
  { name: "support", version: "1.0.0" },
  { versionNegotiation: { mode: { pin: "2026-07-28" } } },
);
await tools.connect(
  new StreamableHTTPClientTransport(await serveTools(paidFile), {
    // The tool server has to know which turn it works for, and that a shadow's refund must not be paid.
    fetch: (url, init) => {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(perch.outgoingHeaders())) headers.set(name, value);
      return fetch(url, { ...init, headers });
    },
  }),
);

const server = createServer((request, response) => {
  answer(request).then(
    ({ status, text }) => response.writeHead(status).end(text),
    (error: unknown) => response.writeHead(502).end(String(error)),
  );
});

async function answer(request: AsyncIterable<unknown>): Promise<{ status: number; text: string }> {
  const body = bodySchema.safeParse(await readJson(request));
  if (!body.success) return { status: 400, text: `expected {"message": "…"}: ${z.prettifyError(body.error)}` };
  const messages = conversation();
  messages.push({ role: "user", content: body.data.message });
  return { status: 200, text: await answerTurn(messages, { modelUrl, tools }) };
}

async function readJson(request: AsyncIterable<unknown>): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    // The schema says what was expected.
    return undefined;
  }
}

/** What was said so far in the session that the gateway names. A shadow's conversation is none of the user's. */
function conversation(): Message[] {
  const id = perch.memory.namespace(perch.session()?.session ?? "nobody");
  const messages = conversations.get(id) ?? [{ role: "system", content: "Solve it yourself." }];
  conversations.delete(id);
  conversations.set(id, messages);
  const [oldest] = conversations.size > MAX_CONVERSATIONS ? conversations.keys() : [];
  if (oldest !== undefined) conversations.delete(oldest);
  return messages;
}

server.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : Number(PORT);
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
