import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";

export type SeenRequest = { readonly method: string; readonly path: string };

export type HttpFront = {
  readonly endpoint: string;
  /** Every request so far, also those that were cut. */
  readonly seen: readonly SeenRequest[];
  readonly stop: () => Promise<void>;
};

/** Stands before a loopback server, counts what comes in, and cuts the connection of requests that `isCut` names. */
export async function startHttpFront(
  target: string,
  isCut: (request: SeenRequest) => boolean = () => false,
): Promise<HttpFront> {
  const seen: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const request = { method: incoming.method ?? "", path: incoming.url ?? "" };
    seen.push(request);
    if (isCut(request)) incoming.socket.destroy();
    else forward(target, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("found no port of a TCP server");
  return { endpoint: `http://127.0.0.1:${address.port}`, seen, stop: () => close(server) };
}

// The Host header stays: request signatures cover it.
function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method = "GET", headers, url = "/" } = incoming;
  const onward = sendRequest(new URL(url, target), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
