import { connect, type Socket } from "node:net";

/** A client that says exactly these bytes. */
export type RawClient = {
  readonly socket: Socket;
  /** Everything that came so far, as Latin-1. */
  readonly text: () => string;
  /** Resolves when the other side has ended or cut the connection, with whether it was cut. */
  readonly ended: Promise<"end" | "cut">;
};

export function rawClient(url: string, bytes: string): RawClient {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  const ended = new Promise<"end" | "cut">((resolve) => {
    socket.once("end", () => resolve("end")).once("error", () => resolve("cut"));
    socket.once("close", () => resolve("cut"));
  });
  socket.write(bytes, "latin1");
  return { socket, text: () => text, ended };
}
