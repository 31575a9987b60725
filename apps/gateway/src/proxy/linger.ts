import type { Socket } from "node:net";
import type { Incoming } from "./incoming.ts";

const LINGER_MS = 2000;

/**
 * Ends a connection whose client may still be sending. Closing it at once would make the operating system answer those
 * bytes with a reset, and a reset throws away what the client has not read yet: the answer.
 */
export function lingerAndClose(socket: Socket, incoming: Incoming): void {
  incoming.take = () => {};
  socket.resume();
  socket.end();
  const giveUp = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("end", () => socket.destroySoon()).once("close", () => clearTimeout(giveUp));
  if (socket.readableEnded) socket.destroySoon();
}
