import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BASELINE, CANARY } from "./stage.ts";

/** What an agent does with a request. The signal is raised when its client is gone. */
export type Handler = (request: Request) => Promise<Response>;

/** A header by which a request says which part of a test it belongs to. */
export const SCENE = "x-scene";

/** How the server names itself when it looks whether an agent is there, at a moment of its own. */
const HEALTH_CHECK = /^perch-health-check\//;

/** A request as an agent got it from the gateway. */
export type Heard = {
  readonly version: string;
  /** What the gateway calls the session; null where there is none. */
  readonly session: string | null;
  readonly scene: string | null;
  readonly method: string;
  readonly path: string;
};

export type Agents = {
  readonly urls: ReadonlyMap<string, string>;
  /** By all releases together, in order. */
  readonly heard: Heard[];
  close(): Promise<void>;
};

/** One server for each of two releases; whatever they answer names the release. */
export async function startAgents(handlerOf: (version: string, server: Server) => Handler): Promise<Agents> {
  const heard: Heard[] = [];
  const urls = new Map<string, string>();
  const servers: Server[] = [];
  for (const version of [BASELINE, CANARY]) {
    const server = createServer((incoming, response) => {
      if (!HEALTH_CHECK.test(incoming.headers["user-agent"] ?? "")) heard.push(heardBy(version, incoming));
      answer(handle, incoming, response).catch(() => response.destroy());
    });
    server.on("upgrade", (incoming) => heard.push(heardBy(version, incoming)));
    const handle = handlerOf(version, server);
    servers.push(server);
    urls.set(version, `http://127.0.0.1:${await listen(server)}`);
  }
  return {
    urls,
    heard,
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function heardBy(version: string, { headers, method = "", url = "" }: IncomingMessage): Heard {
  const named = (name: string): string | null => headers[name]?.toString() ?? null;
  return { version, session: named("x-perch-session"), scene: named(SCENE), method, path: url };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

/** Between Node's HTTP and the Fetch API, which the SDKs' servers speak. */
async function answer(handle: Handler, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const { method = "GET", url = "/", headers } = incoming;
  const request = new Request(`http://${headers.host}${url}`, {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    body: chunks.length === 0 ? null : Buffer.concat(chunks),
    signal: gone.signal,
  });
  const { status, headers: fields, body } = await handle(request);
  response.writeHead(status, Object.fromEntries(fields));
  response.flushHeaders();
  if (body === null) response.end();
  else await send(body, response, gone.signal);
}

/** Whoever produces the body hears at once that its client is gone. */
async function send(body: ReadableStream<Uint8Array>, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const reader = body.getReader();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (!response.write(next.value)) await once(response, "drain", { signal });
  }
  response.end();
}
