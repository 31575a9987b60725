import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { readInto, type Incoming } from "./incoming.ts";

export type Connecting = {
  readonly connected: (socket: Socket, incoming: Incoming) => void;
  readonly failed: (error: Error) => void;
};

const CONNECT_TIMEOUT_MS = 5000;

/** A new connection to an origin such as `https://agent.example:8443`. */
export function connectTo(origin: string, { connected, failed }: Connecting): void {
  const { protocol, hostname, port } = new URL(origin);
  const isTls = protocol === "https:";
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  // Each half of a connection ends by itself: an agent's WebSocket may end its half first.
  const incoming: Incoming = { take() {} };
  const onread = readInto(incoming);
  const options = { host, port: Number(port) || (isTls ? 443 : 80), allowHalfOpen: true, noDelay: true, onread };
  const socket = isTls ? connectTls({ ...options, servername: isIP(host) === 0 ? host : "" }) : connectTcp(options);
  const giveUp = setTimeout(
    () => socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`)),
    CONNECT_TIMEOUT_MS,
  );
  const onError = (error: Error): void => {
    clearTimeout(giveUp);
    failed(error);
  };
  socket.once("error", onError);
  socket.once(isTls ? "secureConnect" : "connect", () => {
    clearTimeout(giveUp);
    socket.off("error", onError);
    connected(socket, incoming);
  });
}
