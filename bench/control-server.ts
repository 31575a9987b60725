import { createServer, type ServerResponse } from "node:http";

/** What a gateway needs of a server, and no more: tables out; acknowledgements and turn records in, which are only counted. */
export type ControlServer = {
  readonly url: string;
  /** Resolves when a gateway has acknowledged it. */
  publish(table: { readonly revision: { readonly sequence: number } }): Promise<void>;
  turnPosts(): number;
  close(): Promise<void>;
};

const LEASE_EVERY_MS = 1000;

export async function startControlServer(): Promise<ControlServer> {
  const streams = new Set<ServerResponse>();
  const waiting = new Map<number, () => void>();
  let table: { readonly revision: { readonly sequence: number } } | null = null;
  let turnPosts = 0;
  const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const server = createServer((request, response) => {
    if (request.url?.endsWith("/table")) {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      streams.add(response);
      response.on("close", () => streams.delete(response));
      if (table !== null) response.write(event("table", table));
      return;
    }
    const isAck = request.url?.endsWith("/acks") ?? false;
    if (!isAck) turnPosts += 1;
    let text = "";
    request.on("data", (chunk: Buffer) => (text += isAck ? chunk.toString() : ""));
    request.on("end", () => {
      response.end("{}");
      if (isAck) waiting.get(JSON.parse(text).revision.sequence)?.();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const lease = setInterval(() => {
    for (const stream of table === null ? [] : streams) stream.write(event("lease", table?.revision));
  }, LEASE_EVERY_MS);
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    async publish(next) {
      const acknowledged = new Promise<void>((resolve) => waiting.set(next.revision.sequence, resolve));
      table = next;
      for (const stream of streams) stream.write(event("table", next));
      await acknowledged;
    },
    turnPosts: () => turnPosts,
    async close() {
      clearInterval(lease);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
