import type { Socket } from "node:net";
import { fieldOf, type Fields } from "../http1/fields.ts";
import type { AgentAnswer } from "../http1/parse-answer.ts";
import type { Opened } from "../websocket/early-opening.ts";
import { NO_EVENTS } from "./client-turn.ts";
import type { Exchange } from "./exchange.ts";
import { answerLines } from "./headers.ts";
import { answerMalformed } from "./refusals.ts";

export type Upgraded = {
  readonly answer: AgentAnswer;
  readonly agent: End;
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
    join(exchange, { socket: opened.socket, rest: opened.takeBytes() }, agent);
    return;
  }
  const client = turn.takeOver();
  const lines = `connection: Upgrade\r\nupgrade: websocket\r\n${answerLines(answer.fields)}${ownLines}`;
  client.socket.write(`HTTP/1.1 101 ${answer.reason || "Switching Protocols"}\r\n${lines}\r\n`, "latin1");
  join(exchange, client, agent);
}

/** Where the agent accepts something else than the gateway has for it. */
function surpriseOf(fields: Fields, { protocol }: Opened): string | null {
  const chosen = fieldOf(fields, "sec-websocket-protocol") ?? null;
  if (chosen !== protocol) return `it chose WebSocket protocol ${String(chosen)}, expected ${String(protocol)}`;
  return fieldOf(fields, "sec-websocket-extensions") === undefined ? null : "it uses a WebSocket extension unasked";
}

type End = { readonly socket: Socket; readonly rest: Buffer };

/** Ends each half when its source ends, both when either breaks. */
function join(exchange: Exchange, client: End, agent: End): void {
  exchange.forwarding.turn.listen(NO_EVENTS);
  pass(client, agent.socket, (bytes) => (exchange.requestBytes += bytes));
  pass(agent, client.socket, (bytes) => (exchange.responseBytes += bytes));
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

function pass({ socket: from, rest }: End, to: Socket, count: (bytes: number) => void): void {
  const give = (chunk: Buffer): void => {
    count(chunk.byteLength);
    if (to.writable && !to.write(chunk)) from.pause();
  };
  if (rest.byteLength > 0) give(rest);
  from.on("data", give).once("end", () => to.end());
  to.on("drain", () => from.resume());
  from.resume();
}
