import type { Server } from "node:http";
import { WebSocketServer } from "ws";
import { z } from "zod";
import type { Handler } from "./agents.ts";

const messageSchema = z.object({ session: z.string().optional(), text: z.string() });

export type WsAgentEvents = {
  readonly onClose: (code: number, reason: string) => void;
};

/** Answers each message with its release and how many it had on this connection; closes when it is asked to. */
export function createWsAgent(version: string, server: Server, { onClose }: WsAgentEvents): Handler {
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => (offered.has("chat.2") ? "chat.2" : false),
  });
  sockets.on("connection", (socket) => {
    let count = 0;
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        socket.send(data);
        return;
      }
      const { text } = messageSchema.parse(JSON.parse(data.toString()));
      count += 1;
      if (text === "close") socket.close(4002, "as you wish");
      else socket.send(JSON.stringify({ version, count, length: text.length }));
    });
    socket.on("close", (code, reason) => onClose(code, reason.toString()));
  });
  return async () => new Response(null, { status: 426 });
}
