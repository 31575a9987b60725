import { createServer, type IncomingMessage } from "node:http";
import { perch } from "@perch/sdk";
import { z } from "zod";

const bodySchema = z.object({ message: z.string().min(1) });

/** Answers a message in its conversation; what a shadow's conversation is called is nobody else's. */
export type Answer = (message: string, conversation: string) => Promise<string>;

/** `POST /chat {"message": "…"}`; which conversation it is, the gateway says. */
export function serveChat(answer: Answer): void {
  const server = createServer((request, response) => {
    respond(request, answer).then(
      ({ status, text }) => response.writeHead(status).end(text),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
  server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
  });
}

async function respond(request: IncomingMessage, answer: Answer): Promise<{ status: number; text: string }> {
  const body = bodySchema.safeParse(await readJson(request));
  if (!body.success) return { status: 400, text: `expected {"message": "…"}: ${z.prettifyError(body.error)}` };
  const conversation = perch.memory.namespace(perch.session()?.session ?? "nobody");
  return { status: 200, text: await answer(body.data.message, conversation) };
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
