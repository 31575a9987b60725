import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { hostInUrl, listenError, type Listening } from "../listen.ts";
import type { GrpcCalls } from "./grpc-calls.ts";

const GRACE_MS = 1000;
const MAX_CONNECTIONS = 1000;
const MAX_CALLS_PER_CONNECTION = 100;
// As much as a sender may have under way unread; HTTP/2's own 64 KB would make it wait for every round trip.
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * STREAM_WINDOW_BYTES;

/** HTTP/2 without TLS, as exporters speak it with `insecure`. Throws `ListenError`. */
export function listenGrpc(calls: GrpcCalls, address: { port: number; hostname: string }): Promise<Listening> {
  const server = createServer({
    settings: { maxConcurrentStreams: MAX_CALLS_PER_CONNECTION, initialWindowSize: STREAM_WINDOW_BYTES },
  });
  const sessions = new Set<ServerHttp2Session>();
  server.maxConnections = MAX_CONNECTIONS;
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  });
  // Whoever speaks no HTTP/2 is disconnected; that is all there is to do.
  server.on("sessionError", () => undefined);
  server.on("stream", calls);
  return new Promise((resolve, reject) => {
    server.once("error", (cause: Error) => reject(listenError({ ...address, flag: "--otlp-grpc-port" }, cause)));
    server.listen(address.port, address.hostname, () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `http://${hostInUrl(address.hostname)}:${port}`,
        close: () => close(server, sessions),
        drop: () => sessions.forEach((session) => session.destroy()),
      });
    });
  });
}

function close(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const session of sessions) session.close();
    setTimeout(() => sessions.forEach((session) => session.destroy()), GRACE_MS).unref();
  });
}
