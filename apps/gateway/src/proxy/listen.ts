import { createServer, type Server } from "node:http";
import { createRequestHandler, type HandleRequestDeps } from "./handle-request.ts";
import { GatewayError } from "../gateway-error.ts";
import type { InFlight } from "./in-flight.ts";
import { reasonOf } from "@perch/adapters/json-log";

export type Listener = {
  readonly url: string;
  /** Takes nothing new, lets what is under way finish for so long, then cuts it off. */
  stop(graceMs: number): Promise<void>;
};

const KEEP_ALIVE_MS = 65_000;

/** Listens for clients. Throws `GatewayError` when the address cannot be had. */
export async function listen(
  { host, port }: { host: string; port: number },
  deps: HandleRequestDeps & { readonly inFlight: InFlight },
): Promise<Listener> {
  const handle = createRequestHandler(deps);
  // Longer than the idle time of a balancer in front, so that it is never us who closes first.
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    deps.inFlight.enter(response);
    handle(request, response);
  });
  await bind(server, { host, port });
  const address = server.address();
  const bound = address !== null && typeof address === "object" ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    stop: (graceMs) => drain(server, graceMs),
  };
}

function bind(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(bindFailure(error, address)));
    server.listen(address.port, address.host, resolve);
  });
}

function bindFailure(error: Error, { host, port }: { host: string; port: number }): GatewayError {
  if ("code" in error && error.code === "EADDRINUSE") {
    return new GatewayError({
      code: "port_in_use",
      message: `port ${port} of ${host} is taken by another process`,
      hint: "stop that process, or choose another --port (0 for any free one)",
      cause: error,
    });
  }
  return new GatewayError({
    code: "address_unusable",
    message: `cannot listen on ${host}:${port}: ${reasonOf(error)}`,
    hint: "choose another --host or --port",
    cause: error,
  });
}

async function drain(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // A connection whose answer just ended is idle only now.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}
