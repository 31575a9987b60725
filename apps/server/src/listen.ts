import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { serve } from "@hono/node-server";

export type Listening = {
  readonly url: string;
  /** Takes no new request, lets those under way finish for a moment, and ends the streams. */
  close(): Promise<void>;
  /** Breaks every connection, streams and all; whoever was there asks again. */
  drop(): void;
};

export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: "port_taken" | "address_unusable";
  readonly hint: string;
  constructor(problem: { code: ListenError["code"]; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}

const GRACE_MS = 1000;

type Fetch = Parameters<typeof serve>[0]["fetch"];
type Address = { readonly port: number; readonly hostname: string };

/** Serves on the address, once somebody can connect. Throws `ListenError`. */
export function listen(fetch: Fetch, address: Address, start: typeof serve): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = start({ fetch, ...address }, ({ port }: AddressInfo) =>
      resolve({
        url: `http://${hostInUrl(address.hostname)}:${port}`,
        close: () => close(server),
        drop: () => (server as HttpServer).closeAllConnections(),
      }),
    );
    server.once("error", (cause: Error) => reject(listenError({ ...address, flag: "--port" }, cause)));
  });
}

function close(server: ReturnType<typeof serve>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    const closable = server as HttpServer;
    closable.closeIdleConnections();
    // Streams never end on their own; whatever is not answered by then is asked again of the next server.
    setTimeout(() => closable.closeAllConnections(), GRACE_MS).unref();
  });
}

/** `flag` is the one that chooses the port. */
export function listenError({ port, hostname, flag }: Address & { flag: string }, cause: Error): ListenError {
  const isTaken = "code" in cause && cause.code === "EADDRINUSE";
  return new ListenError({
    code: isTaken ? "port_taken" : "address_unusable",
    message: isTaken
      ? `port ${port} of ${hostname} is taken, expected a free one`
      : `cannot listen on ${hostname}:${port}: ${cause.message}`,
    hint: isTaken
      ? `stop what uses it, or choose another with ${flag} (0: any free one)`
      : `choose another with --host and ${flag}`,
    cause,
  });
}

export function hostInUrl(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
