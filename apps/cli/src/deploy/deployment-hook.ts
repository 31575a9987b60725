import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";

/** What the server wants of a deployment whose release has drained. */
export type HookHandlers = { readonly scaleDown: () => Promise<void>; readonly delete: () => Promise<void> };
export type DeploymentHook = { readonly url: string; close(): void };

const body = z.object({ type: z.enum(["deployment.scaleDown", "deployment.delete"]) });
const MOST_BYTES = 65_536;

/**
 * Listens on loopback, at a path that nobody guesses, and keeps the process alive for it. What a handler has not done is not
 * agreed to.
 */
export async function listenForHook(handlers: HookHandlers): Promise<DeploymentHook> {
  const path = `/${randomUUID()}`;
  const server = createServer((request, response) => {
    void answer(request, path, handlers).then((status) => end(response, status));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}${path}`, close: () => server.close().closeIdleConnections() };
}

async function answer(request: IncomingMessage, path: string, handlers: HookHandlers): Promise<number> {
  if (request.url !== path || request.method !== "POST") return 404;
  try {
    const parsed = body.safeParse(JSON.parse(await readText(request)));
    if (!parsed.success) return 422;
    await (parsed.data.type === "deployment.scaleDown" ? handlers.scaleDown() : handlers.delete());
    return 204;
  } catch {
    // The server asks again.
    return 500;
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: "close" }).end();
}
