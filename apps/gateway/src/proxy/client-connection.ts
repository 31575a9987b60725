import type { Socket } from "node:net";
import type { Llhttp } from "../http1/llhttp.ts";
import { createMessageReader, type MessageReader } from "../http1/message-reader.ts";
import { createMessageWriter, type MessageWriter } from "../http1/message-writer.ts";
import { headTooLarge, headTooSlow, malformed, parseRequest, type ClientRequest } from "../http1/parse-request.ts";
import type { Meter } from "../metrics/meter.ts";
import { problemOf, type Refusal } from "../problem.ts";
import { ClientTurn, statusLine, type Taken, type TurnOwner } from "./client-turn.ts";
import { takeIn, type Incoming } from "./incoming.ts";
import { lingerAndClose } from "./linger.ts";

export type ClientConnectionDeps = {
  readonly llhttp: Llhttp;
  /** Milliseconds of a clock that never jumps. */
  readonly tick: () => number;
  readonly handle: (turn: ClientTurn) => void;
  /** The gateway stops: answers say that no further request is taken. */
  readonly isDraining: () => boolean;
  readonly onClose: (connection: ClientConnection) => void;
  readonly meter: Pick<Meter, "refused">;
};

const LIMITS = { maxBytes: 32_768, maxLineBytes: 16_384, maxFields: 200 };
const MAX_AHEAD_BYTES = 65_536;
/** For the head of a request, and for as much of its body as is needed to find its session. */
const REQUEST_SECONDS = 10;
/** Longer than the idle time of a balancer in front, so that it is never the gateway that closes first. */
const KEEP_ALIVE_MS = 65_000;
/** A client's connection: one request after another, each answered before the next is looked at. */
export class ClientConnection implements TurnOwner {
  readonly socket: Socket;
  readonly writer: MessageWriter;
  readonly remoteAddress: string;
  readonly #incoming: Incoming;
  /** Among the connections of the listener, which sets it. */
  place = -1;
  readonly #deps: ClientConnectionDeps;
  readonly #reader: MessageReader;
  #turn: ClientTurn | null = null;
  /** What came behind the request that is under way. */
  #ahead: Buffer | null = null;
  #isOver = false;
  #isReading = false;
  /** When the request under way began, or else when the connection fell idle. */
  #since: number;

  constructor(accepted: Socket, deps: ClientConnectionDeps) {
    const { socket, incoming } = takeIn(accepted);
    this.socket = socket;
    this.#incoming = incoming;
    this.writer = createMessageWriter(socket);
    this.remoteAddress = socket.remoteAddress ?? "unknown";
    this.#deps = deps;
    this.#reader = createMessageReader(deps.llhttp, {
      kind: "request",
      limits: LIMITS,
      remembers: false,
      refusesExtensions: true,
    });
    this.#since = deps.tick();
    incoming.take = this.#onData;
    socket.on("end", this.#onEnd).on("drain", this.#onDrain);
    // What follows an error is "close".
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#isOver = true;
      this.#reader.close();
      this.#turn?.abandon();
      deps.onClose(this);
    });
  }

  isDraining(): boolean {
    return this.#deps.isDraining();
  }

  /** A request is under way. */
  isBusy(): boolean {
    return this.#turn !== null;
  }

  /** Looks whether the client took too long with a request, or was silent for too long between two. */
  checkTime(now: number): void {
    if (this.#isOver) return;
    if (this.#isIdle()) {
      if (now - this.#since > KEEP_ALIVE_MS) this.socket.destroy();
      return;
    }
    const isAwaited = this.#turn === null || this.#turn.body.isPeeked;
    if (isAwaited && now - this.#since > REQUEST_SECONDS * 1000) this.#refuse(headTooSlow(REQUEST_SECONDS));
  }

  closeIfIdle(): void {
    if (this.#isIdle()) this.socket.destroy();
  }

  endTurn(keepsAlive: boolean): void {
    this.#turn = null;
    if (!keepsAlive) {
      this.#isOver = true;
      lingerAndClose(this.socket, this.#incoming);
      return;
    }
    this.#since = this.#deps.tick();
    if (this.socket.isPaused()) this.socket.resume();
    this.#readAhead();
  }

  takeOver(): Taken {
    this.#isOver = true;
    this.socket.off("end", this.#onEnd).off("drain", this.#onDrain);
    return { socket: this.socket, incoming: this.#incoming, rest: this.#ahead ?? Buffer.alloc(0) };
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return;
    if (this.#turn !== null && !this.#turn.body.isComplete()) {
      this.#readBody(this.#turn, chunk);
      return;
    }
    this.#ahead = this.#ahead === null ? chunk : Buffer.concat([this.#ahead, chunk]);
    if (this.#turn === null) this.#readAhead();
    else if (this.#ahead.byteLength > MAX_AHEAD_BYTES) this.socket.pause();
  };

  /** TCP cannot tell a client that only says no more from one that is gone; other servers take both to have hung up too. */
  readonly #onEnd = (): void => {
    if (this.#isOver) return;
    if (this.#turn === null) this.socket.end();
    else this.socket.destroy();
  };

  readonly #onDrain = (): void => this.#turn?.drained();

  #isIdle(): boolean {
    return this.#turn === null && !this.#reader.isInsideHead();
  }

  /** A loop, not a recursion: a client may have sent a thousand requests at once. */
  #readAhead(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#turn === null && this.#ahead !== null && !this.#isOver) {
      const chunk = this.#ahead;
      this.#ahead = null;
      this.#readHead(chunk);
    }
    this.#isReading = false;
  }

  #readHead(chunk: Buffer): void {
    if (!this.#reader.isInsideHead()) this.#since = this.#deps.tick();
    const read = this.#reader.readHead(chunk);
    switch (read.kind) {
      case "partial":
        return;
      case "malformed":
        this.#refuse(malformed(read.reason));
        return;
      case "tooLarge":
        this.#refuse(headTooLarge(read.reason));
        return;
      case "head": {
        const parsed = parseRequest(read.head);
        if (parsed.kind === "refused") this.#refuse(parsed.refusal);
        else this.#beginTurn(parsed.request, read.rest);
      }
    }
  }

  #beginTurn(request: ClientRequest, rest: Buffer): void {
    const turn = new ClientTurn(request, this);
    this.#turn = turn;
    this.#reader.beginBody(request.framing);
    // What is here of the body is read first: a request that is malformed there reaches nobody.
    if (this.#readBody(turn, rest)) this.#deps.handle(turn);
  }

  /** False when it cannot be read on. */
  #readBody(turn: ClientTurn, chunk: Buffer): boolean {
    const read = this.#reader.readBody(chunk);
    if (read.kind === "malformed") {
      this.#refuse(malformed(read.reason));
      return false;
    }
    turn.body.push(read.pieces);
    if (read.kind === "end") {
      if (read.rest.byteLength > 0) this.#ahead = read.rest;
      turn.body.finish(read.trailers);
    }
    return true;
  }

  /** An answer of the connection itself, after which nothing more can be read from it. */
  #refuse(refusal: Refusal): void {
    this.#isOver = true;
    if (this.#turn?.hasBegun === true) {
      this.socket.destroy();
      return;
    }
    this.#turn?.abandon();
    this.#deps.meter.refused(refusal.code);
    const { head, body } = problemOf(refusal);
    this.writer.begin(`${statusLine(head)}${head.lines}connection: close\r\n\r\n`, { isChunked: false });
    this.writer.data([body]);
    this.writer.flush();
    lingerAndClose(this.socket, this.#incoming);
  }
}
