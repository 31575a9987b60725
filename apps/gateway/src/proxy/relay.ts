import type { Socket } from "node:net";
import { fieldOf, type Fields } from "../http1/fields.ts";
import type { ReadyAnswer } from "./ready-answer.ts";
import type { Opened } from "../websocket/early-opening.ts";
import { NO_EVENTS, type Taken } from "./client-turn.ts";
import type { Exchange } from "./exchange.ts";
import { answerMalformed } from "./refusals.ts";
import type { TakenOver } from "./upstream-connection.ts";

export type Upgraded = {
  readonly answer: ReadyAnswer;
  readonly agent: TakenOver;
  readonly origin: string;
};

/** A WebSocket that the agent took up: from here on bytes go both ways as they are. One turn record, when it is over. */
export function relay(exchange: Exchange, { answer, agent, origin }: Upgraded): void {
  const { turn, ownLines, opened } = exchange.forwarding;
  const surprise = opened === null ? null : surpriseOf(answer.fields, opened);
  if (exchange.isOver || surprise !== null) {
    agent.socket.destroy();
    exchange.refuse(answerMalformed(exchange.forwarding, origin, surprise ?? ""), "upstream_reset");
    return;
  }
  exchange.status = 101;
  exchange.hasFirstByte();
  exchange.streams("websocket");
  if (opened !== null) {
    join(exchange, { socket: opened.socket, incoming: opened.incoming, rest: opened.takeBytes() }, agent);
    return;
  }
  const client = turn.takeOver();
  const lines = `connection: Upgrade\r\nupgrade: websocket\r\n${answer.lines}${ownLines}`;
  client.socket.write(`HTTP/1.1 101 ${answer.reason || "Switching Protocols"}\r\n${lines}\r\n`, "latin1");
  join(exchange, client, agent);
}

/** Where the agent accepts something else than the gateway has for it. */
function surpriseOf(fields: Fields, { protocol }: Opened): string | null {
  const chosen = fieldOf(fields, "sec-websocket-protocol") ?? null;
  if (chosen !== protocol) return `it chose WebSocket protocol ${String(chosen)}, expected ${String(protocol)}`;
  return fieldOf(fields, "sec-websocket-extensions") === undefined ? null : "it uses a WebSocket extension unasked";
}

/** Ends each half when its source ends, both when either breaks. */
function join(exchange: Exchange, client: Taken, agent: TakenOver): void {
  exchange.forwarding.turn.listen(NO_EVENTS);
  const toAgent = pass(client, agent.socket, (bytes) => (exchange.requestBytes += bytes));
  const toClient = pass(agent, client.socket, (bytes) => (exchange.responseBytes += bytes));
  client.incoming.take = toAgent;
  agent.incoming.take = toClient;
  agent.socket.on("error", () => exchange.end("upstream_reset"));
  client.socket.on("error", () => exchange.end("client_aborted"));
  agent.socket.once("close", () => {
    exchange.end(null);
    client.socket.destroySoon();
  });
  client.socket.once("close", () => {
    exchange.end(null);
    agent.socket.destroySoon();
  });
}

/** What is to be done with each chunk that comes. */
function pass({ socket: from, rest }: Taken, to: Socket, count: (bytes: number) => void): (chunk: Buffer) => void {
  const give = (chunk: Buffer): void => {
    count(chunk.byteLength);
    if (to.writable && !to.write(chunk)) from.pause();
  };
  if (rest.byteLength > 0) give(rest);
  from.once("end", () => to.end());
  to.on("drain", () => from.resume());
  from.resume();
  return give;
}
