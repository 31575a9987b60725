import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export type ReceivedRequest = {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

export type HttpServer = {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Every request so far, oldest first. */
  readonly received: ReceivedRequest[];
  readonly stop: () => Promise<void>;
};

export type HttpHandler = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>;

/** A server on a free loopback port that answers as the handler does; for servers that misbehave. */
export async function startHttpServer(handler: HttpHandler): Promise<HttpServer> {
  const received: ReceivedRequest[] = [];
  const server = createServer((message, response) => {
    const answered = readRequest(message).then(async (request) => {
      received.push(request);
      await handler(request, response);
    });
    // A handler that fails must not leave its client waiting.
    answered.catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("found no port of a TCP server");
  return {
    host: `127.0.0.1:${address.port}`,
    received,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readRequest(message: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk as Uint8Array));
  const { method = "", url = "", headers } = message;
  return { method, path: url, headers, body: Buffer.concat(chunks) };
}
