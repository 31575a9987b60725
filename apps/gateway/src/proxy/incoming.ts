import { Socket, type SocketConstructorOpts } from "node:net";

/** Takes what comes in on a socket, in the place of its "data" events. */
export type Incoming = { take: (chunk: Buffer) => void };

/** As much as is read from a socket at once. All sockets read into it, one after the other, and nobody keeps it. */
const INPUT = Buffer.allocUnsafeSlow(65_536);

/**
 * For the `onread` of a socket. A copy of what came is small; a buffer of its own for each read, which is what Node makes
 * otherwise, is large, and passes through a stream on its way.
 */
export function readInto(incoming: Incoming): {
  readonly buffer: Buffer;
  readonly callback: (bytes: number) => boolean;
} {
  return {
    buffer: INPUT,
    callback(bytes) {
      const chunk = Buffer.allocUnsafe(bytes);
      INPUT.copy(chunk, 0, 0, bytes);
      incoming.take(chunk);
      return true;
    },
  };
}

/**
 * An accepted connection, to be read that way too. Node offers `onread` only where a socket is made, and a server makes its
 * sockets by itself: so the connection moves to a socket made here. Where it cannot, "data" events do the same, slower.
 * `accepted` has read nothing yet (`pauseOnConnect`).
 */
export function takeIn(accepted: Socket): { readonly socket: Socket; readonly incoming: Incoming } {
  const incoming: Incoming = { take() {} };
  const handle = parseHandle(accepted);
  if (handle === null) {
    accepted.on("data", (chunk: Buffer) => incoming.take(chunk));
    return { socket: accepted.resume(), incoming };
  }
  Object.assign(accepted, { _handle: null });
  return { socket: new Socket({ handle, allowHalfOpen: true, onread: readInto(incoming) }), incoming };
}

/** Node's own name for what a socket stands on; null should it have another one day. */
function parseHandle(socket: Socket): NonNullable<SocketConstructorOpts["handle"]> | null {
  const handle = "_handle" in socket ? socket._handle : null;
  const isHandle = typeof handle === "object" && handle !== null && "readStart" in handle;
  return isHandle ? (handle as unknown as NonNullable<SocketConstructorOpts["handle"]>) : null;
}
