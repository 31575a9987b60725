import { createServer, type Server, type Socket } from "node:net";
import { reasonOf } from "@perch/adapters/json-log";
import { GatewayError } from "../gateway-error.ts";
import type { Llhttp } from "../http1/llhttp.ts";
import type { Meter } from "../metrics/meter.ts";
import { createRoster } from "../roster.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ClientTurn } from "./client-turn.ts";

export type Listener = {
  readonly url: string;
  /** Requests under way, WebSockets among them. */
  inFlight(): number;
  /** Connections of clients, idle ones among them. */
  connections(): number;
  /** Takes nothing new, lets what is under way finish for so long, then cuts it off. */
  stop(graceMs: number): Promise<void>;
};

export type ListenOptions = {
  readonly host: string;
  readonly port: number;
  /** Other processes listen on the same port, and the operating system gives each its share of the connections. */
  readonly sharesPort: boolean;
};

export type ListenDeps = {
  readonly llhttp: Llhttp;
  readonly tick: () => number;
  readonly handle: (turn: ClientTurn) => void;
  readonly meter: Pick<Meter, "refused">;
};

const LOOK_EVERY_MS = 1000;
/** A client that vanished without a word is noticed by probes of the operating system. */
const PROBE_AFTER_MS = 60_000;
const SOCKETS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: PROBE_AFTER_MS,
  pauseOnConnect: true,
};
const BACKLOG = 4096;

/** Listens for clients. Throws `GatewayError` when the address cannot be had. */
export async function listen(options: ListenOptions, deps: ListenDeps): Promise<Listener> {
  const connections = createRoster<ClientConnection>();
  let isDraining = false;
  let onEmpty = (): void => {};
  const ownDeps = {
    ...deps,
    isDraining: () => isDraining,
    onClose(connection: ClientConnection) {
      connections.leave(connection.place);
      if (connections.size() === 0) onEmpty();
    },
  };
  const server = createServer(SOCKETS, (socket: Socket) => {
    const connection = new ClientConnection(socket, ownDeps);
    connection.place = connections.enter(connection);
  });
  await bind(server, options);
  const sweep = setInterval(() => {
    const now = deps.tick();
    for (const connection of connections) connection.checkTime(now);
  }, LOOK_EVERY_MS);
  return {
    url: urlOf(server, options),
    inFlight: () => [...connections].filter((connection) => connection.isBusy()).length,
    connections: () => connections.size(),
    async stop(graceMs) {
      isDraining = true;
      // The server says that it is closed a little before its last connections have told what became of their requests.
      const empty = new Promise<void>((resolve) => (onEmpty = resolve));
      if (connections.size() === 0) onEmpty();
      server.close();
      for (const connection of connections) connection.closeIfIdle();
      const deadline = setTimeout(() => {
        for (const connection of connections) connection.socket.destroy();
      }, graceMs);
      await empty;
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}

function urlOf(server: Server, { host, port }: ListenOptions): string {
  const address = server.address();
  const bound = address !== null && typeof address === "object" ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${bound}`;
}

function bind(server: Server, { host, port, sharesPort }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(bindFailure(error, { host, port })));
    server.listen({ port, host, backlog: BACKLOG, reusePort: sharesPort }, resolve);
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
