import type { Socket } from "node:net";
import type { Fields } from "../http1/fields.ts";
import type { Framing } from "../http1/framing.ts";
import type { MessageWriter } from "../http1/message-writer.ts";
import type { ClientRequest } from "../http1/parse-request.ts";
import { closeCodeOf, closeFrame } from "../websocket/close-frame.ts";
import type { Incoming } from "./incoming.ts";
import { RequestBody, type BodySource } from "./request-body.ts";

/** The head of an answer to a client. */
export type AnswerHead = {
  readonly status: number;
  readonly reason: string;
  /** Header lines, each with its line end; nothing about framing or the connection. */
  readonly lines: string;
  /** How the answer's body is delimited where it comes from. */
  readonly framing: Framing;
};

/** What befalls a turn from the client's side. */
export type TurnEvents = {
  /** The client is gone: whatever is still done is done for nobody. */
  clientGone(): void;
  clientDrained(): void;
};

export type Taken = { readonly socket: Socket; readonly incoming: Incoming; readonly rest: Buffer };

/** The connection that a turn belongs to. */
export type TurnOwner = {
  readonly socket: Socket;
  readonly writer: MessageWriter;
  readonly remoteAddress: string;
  isDraining(): boolean;
  /** The answer is written whole; the connection can take another request or not. */
  endTurn(keepsAlive: boolean): void;
  takeOver(): Taken;
};

export const NO_EVENTS: TurnEvents = { clientGone() {}, clientDrained() {} };

/** One request of a client, and the way back to it. Exactly one answer is begun and ended, or the turn is cut. */
export class ClientTurn implements BodySource {
  readonly request: ClientRequest;
  readonly body: RequestBody;
  /** The client is gone. */
  isGone = false;
  /** An answer has begun. */
  hasBegun = false;
  readonly #owner: TurnOwner;
  /** It is a WebSocket already, so no HTTP answer can be given: what would be one becomes a close frame. */
  #isOpened = false;
  #closeFrame: Buffer | null = null;
  #events = NO_EVENTS;
  #isContinued: boolean;
  #keepsAlive = false;

  constructor(request: ClientRequest, owner: TurnOwner) {
    this.request = request;
    this.#owner = owner;
    this.#isContinued = !request.expectsContinue;
    this.body = new RequestBody(this);
  }

  get remoteAddress(): string {
    return this.#owner.remoteAddress;
  }

  listen(events: TurnEvents): void {
    this.#events = events;
  }

  /** A 1xx before the answer; clients of HTTP/1.0 do not get it. */
  interim(head: AnswerHead): void {
    if (this.isGone || this.request.isHttp10) return;
    this.#owner.writer.begin(`${statusLine(head)}${head.lines}\r\n`, { isChunked: false });
    this.#owner.writer.flush();
  }

  begin(head: AnswerHead): void {
    this.hasBegun = true;
    if (this.#isOpened) {
      this.#closeFrame = closeFrame(closeCodeOf(head.status), `${head.status} ${head.reason}`);
      return;
    }
    const { isHttp10, keepsAlive } = this.request;
    const isUnbounded = head.framing.kind === "chunked" || head.framing.kind === "untilClose";
    // What is left of a request that was answered early would be taken for the next one.
    const isClean = this.body.isComplete() && !this.#owner.isDraining() && !(isUnbounded && isHttp10);
    this.#keepsAlive = keepsAlive && isClean;
    const isChunked = isUnbounded && !isHttp10;
    const framing = isChunked ? "transfer-encoding: chunked\r\n" : "";
    const connection = connectionLine(this.#keepsAlive, isHttp10);
    this.#owner.writer.begin(`${statusLine(head)}${head.lines}${framing}${connection}\r\n`, { isChunked });
  }

  data(pieces: readonly Buffer[]): void {
    if (!this.#isOpened) this.#owner.writer.data(pieces);
  }

  /** Hands over what was gathered so far. False when the client has enough for now. */
  flush(): boolean {
    return this.isGone || this.#owner.writer.flush();
  }

  /** The last of the answer, handed over; then the connection goes on to its next request or ends. */
  end(trailers: Fields): void {
    if (this.isGone) return;
    if (this.#closeFrame !== null) this.#owner.socket.write(this.#closeFrame);
    else this.#owner.writer.end(trailers);
    this.#owner.writer.flush();
    this.#events = NO_EVENTS;
    this.#owner.endTurn(this.#keepsAlive);
  }

  /** Only a broken connection tells a client that what it has is not the whole answer. */
  cut(): void {
    this.#owner.socket.destroy();
  }

  /** From here on the connection is no longer HTTP: whoever calls this reads and writes it. */
  takeOver(): Taken {
    return this.#owner.takeOver();
  }

  /** Accepts a WebSocket with these lines before its agent is known. */
  openSocket(lines: string): Taken {
    this.#isOpened = true;
    this.#owner.socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`, "latin1");
    return this.#owner.takeOver();
  }

  /** From the connection: it takes more. */
  drained(): void {
    this.#events.clientDrained();
  }

  /** From the connection: nothing that is written from now on goes anywhere. */
  abandon(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#events.clientGone();
  }

  pauseBody(): void {
    this.#owner.socket.pause();
  }

  resumeBody(): void {
    this.#owner.socket.resume();
  }

  /** A client that waits for 100 Continue is told to go on. */
  wantBody(): void {
    if (this.#isContinued || this.isGone || this.hasBegun) return;
    this.#isContinued = true;
    if (this.body.bytes === 0) this.#owner.socket.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
  }
}

export function statusLine({ status, reason }: AnswerHead): string {
  return `HTTP/1.1 ${status} ${reason}\r\n`;
}

/** Each version says what is not its habit. */
function connectionLine(keepsAlive: boolean, isHttp10: boolean): string {
  if (!keepsAlive) return "connection: close\r\n";
  return isHttp10 ? "connection: keep-alive\r\n" : "";
}
