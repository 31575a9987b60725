import { reasonOf, type Log } from "@perch/adapters/json-log";
import { fieldOf, type Fields } from "../http1/fields.ts";
import type { MessageWriter } from "../http1/message-writer.ts";
import type { Upstream } from "../table/route-index.ts";
import { tapped, type AnswerSink } from "./answer-sink.ts";
import type { AnswerHead, TurnEvents } from "./client-turn.ts";
import type { Exchange, ExchangeDeps } from "./exchange.ts";
import { passedTrailers, requestLines } from "./headers.ts";
import type { ReadyAnswer } from "./ready-answer.ts";
import { answerMalformed, brokeOff, stalled } from "./refusals.ts";
import { relay } from "./relay.ts";
import type { BodyReceiver } from "./request-body.ts";
import type { TickEnd } from "./tick-end.ts";
import type { AnswerEvents, AnswerFault, TakenOver, UpstreamConnection } from "./upstream-connection.ts";
import type { UpstreamHealth } from "./upstream-health.ts";

export type PassageDeps = ExchangeDeps & {
  readonly tickEnd: TickEnd;
  readonly health: UpstreamHealth;
  readonly upstreamTimeoutMs: number;
  readonly log: Log;
};

/** In the head of an answer, or behind its body. It is for the gateway: the client does not get it. */
const BOUNDARY = "x-perch-boundary";

export type Way = { readonly upstream: Upstream; readonly connection: UpstreamConnection };

/** A request on a connection to its agent, and the answer on its way back. */
export class Passage implements AnswerEvents, TurnEvents, BodyReceiver {
  readonly #exchange: Exchange;
  readonly #upstream: Upstream;
  readonly #connection: UpstreamConnection;
  readonly #deps: PassageDeps;
  readonly #writer: MessageWriter;
  /** Null without a tap. */
  readonly #tapped: AnswerSink | null;

  constructor(exchange: Exchange, { upstream, connection }: Way, deps: PassageDeps) {
    this.#exchange = exchange;
    this.#upstream = upstream;
    this.#connection = connection;
    this.#deps = deps;
    this.#tapped = this.#shownToTap();
    const { method, isWebSocket } = exchange.forwarding.turn.request;
    this.#writer = connection.ask({ method, isUpgrade: isWebSocket }, this);
  }

  start(): void {
    const { forwarding } = this.#exchange;
    const { turn, path } = forwarding;
    const { method, framing } = turn.request;
    turn.listen(this);
    const line = `${method} ${this.#upstream.basePath}${path} HTTP/1.1\r\nhost: ${this.#upstream.host}\r\n`;
    this.#writer.begin(`${line}${requestLines(forwarding)}\r\n`, { isChunked: framing.kind === "chunked" });
    turn.body.sendTo(this);
    if (!turn.body.isComplete()) this.#writer.flush();
  }

  bodyData(pieces: readonly Buffer[]): boolean {
    this.#writer.data(pieces);
    return this.#exchange.forwarding.turn.body.isComplete() || this.#writer.flush();
  }

  bodyEnd(trailers: Fields): void {
    this.#writer.end(passedTrailers(trailers));
    this.#connection.requestEnded();
    this.#deps.tickEnd.add(this.#writer);
  }

  agentDrained(): void {
    this.#exchange.forwarding.turn.body.resume();
  }

  interim(answer: ReadyAnswer): void {
    if (!this.#exchange.isOver) this.#exchange.forwarding.turn.interim(headOf(answer, ""));
  }

  answerBegins(answer: ReadyAnswer): void {
    this.#deps.health.answered(this.#upstream.origin);
    if (this.#tapped === null) this.#passHead(answer);
    else this.#tapped.begin(answer);
  }

  answerData(pieces: readonly Buffer[]): void {
    if (this.#tapped === null) this.#passData(pieces);
    else this.#tapped.data(pieces);
  }

  flush(): void {
    if (this.#tapped === null) this.#flushClient();
    else this.#tapped.flush();
  }

  answerEnds(trailers: Fields): void {
    if (this.#tapped === null) this.#passEnd(trailers);
    else this.#tapped.end(trailers);
  }

  upgraded(answer: ReadyAnswer, agent: TakenOver): void {
    relay(this.#exchange, { answer, agent, origin: this.#upstream.origin });
  }

  failed(fault: AnswerFault): void {
    if (this.#tapped === null) this.#breakOff(fault);
    else this.#tapped.broken(() => this.#breakOff(fault));
  }

  /** So is the agent's reason to go on. */
  clientGone(): void {
    this.#connection.abort(this);
    // What nginx calls "client closed request".
    if (this.#exchange.status === 0) this.#exchange.status = 499;
    this.#exchange.end("client_aborted");
  }

  clientDrained(): void {
    this.#connection.resume(this);
  }

  stalled(): void {
    const seconds = this.#deps.upstreamTimeoutMs / 1000;
    this.#exchange.refuse(stalled(this.#exchange.forwarding, this.#upstream.origin, seconds), "upstream_stalled");
  }

  #passHead(answer: ReadyAnswer): void {
    if (this.#exchange.isOver) return;
    this.#exchange.status = answer.status;
    if (fieldOf(answer.fields, "content-type")?.startsWith("text/event-stream")) this.#exchange.streams("events");
    this.#exchange.boundary = fieldOf(answer.fields, BOUNDARY);
    this.#exchange.endsSession = fieldOf(answer.fields, "x-perch-session-end") === "1";
    this.#exchange.forwarding.turn.begin(headOf(answer, this.#exchange.forwarding.ownLines));
  }

  #passData(pieces: readonly Buffer[]): void {
    if (this.#exchange.isOver) return;
    this.#exchange.hasFirstByte();
    for (const piece of pieces) this.#exchange.responseBytes += piece.byteLength;
    this.#exchange.forwarding.turn.data(pieces);
  }

  #flushClient(): void {
    if (!this.#exchange.isOver && !this.#exchange.forwarding.turn.flush()) this.#connection.pause(this);
  }

  /** The answer's last bytes are held back until its record is kept. */
  #passEnd(trailers: Fields): void {
    if (this.#exchange.isOver) return;
    this.#exchange.hasFirstByte();
    this.#exchange.boundary = fieldOf(trailers, BOUNDARY) ?? this.#exchange.boundary;
    this.#exchange.end(null, () => this.#exchange.forwarding.turn.end(passedTrailers(trailers)));
  }

  #breakOff({ kind, reason }: AnswerFault): void {
    if (this.#exchange.isOver) return;
    const { forwarding, status } = this.#exchange;
    if (status !== 0) {
      // Cut off in the middle: only a broken connection tells the client so.
      this.#exchange.end("upstream_reset");
      forwarding.turn.cut();
      return;
    }
    this.#deps.health.failed(this.#upstream.origin, "broken");
    const refusal = kind === "reset" ? brokeOff : answerMalformed;
    this.#exchange.refuse(refusal(forwarding, this.#upstream.origin, reason), "upstream_reset");
  }

  #shownToTap(): AnswerSink | null {
    const { tap } = this.#exchange.forwarding;
    if (tap === null) return null;
    const client: AnswerSink = {
      begin: (answer) => this.#passHead(answer),
      data: (pieces) => this.#passData(pieces),
      flush: () => this.#flushClient(),
      end: (trailers) => this.#passEnd(trailers),
      broken: (then) => then(),
    };
    const brake = { pause: () => this.#connection.pause(this), resume: () => this.#connection.resume(this) };
    const { log } = this.#deps;
    const onFault = (error: unknown): void => log.error("an answer was not looked at", { reason: reasonOf(error) });
    return tapped(client, tap, { brake, onFault });
  }
}

function headOf(answer: ReadyAnswer, ownLines: string): AnswerHead {
  const { status, reason, framing, lines } = answer;
  return { status, reason, framing, lines: lines + ownLines };
}
