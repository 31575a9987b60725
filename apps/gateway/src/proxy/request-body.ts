import type { Fields } from "../http1/fields.ts";
import type { Soon } from "../session/soon.ts";

export const LOOK_INTO_BYTES = 65_536;

/** Where the body of a request goes. */
export type BodyReceiver = {
  /** False: no more until `resume`. */
  bodyData(pieces: readonly Buffer[]): boolean;
  bodyEnd(trailers: Fields): void;
};

/** Sees a body pass by, and has no say in it. */
export type BodyWatcher = {
  pieces(pieces: readonly Buffer[]): void;
  /** All of it has been given to the agent. */
  passedOn(): void;
};

/** The connection that a body comes from. */
export type BodySource = {
  pauseBody(): void;
  resumeBody(): void;
  /** Somebody wants bytes which have not come. */
  wantBody(): void;
};

/** The body of a request, of which the beginning may be looked at before all of it goes on to the agent. */
export class RequestBody {
  /** Bytes that came so far. */
  bytes = 0;
  /** Somebody waits for bytes that have not come yet, to look at them. */
  isPeeked = false;
  readonly #source: BodySource;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #trailers: Fields | null = null;
  #receiver: BodyReceiver | null = null;
  #watcher: BodyWatcher | null = null;
  #answerPeek: (() => void) | null = null;

  constructor(source: BodySource) {
    this.#source = source;
  }

  isComplete(): boolean {
    return this.#trailers !== null;
  }

  /** The first 64 KB, or the whole when it is shorter, as text. Never resolves when the client goes away meanwhile. */
  peek(): Soon<string> {
    if (this.#isReadyToPeek()) return this.#beginning();
    this.#source.wantBody();
    this.isPeeked = true;
    return new Promise<void>((resolve) => (this.#answerPeek = resolve)).then(() => this.#beginning());
  }

  #beginning(): string {
    const [first] = this.#waiting;
    const whole = this.#waiting.length === 1 && first !== undefined ? first : Buffer.concat(this.#waiting);
    return whole.toString("utf8", 0, LOOK_INTO_BYTES);
  }

  /** Shows all of it, from its beginning on. To be called before `sendTo`. */
  watch(watcher: BodyWatcher): void {
    this.#watcher = watcher;
    if (this.#waiting.length > 0) watcher.pieces(this.#waiting);
  }

  /** What is there already, and then what comes. */
  sendTo(receiver: BodyReceiver): void {
    this.#receiver = receiver;
    if (this.#trailers === null) this.#source.wantBody();
    const hasRoom = this.#waiting.length === 0 || receiver.bodyData(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#trailers !== null) {
      receiver.bodyEnd(this.#trailers);
      this.#watcher?.passedOn();
    } else if (hasRoom) this.#source.resumeBody();
    else this.#source.pauseBody();
  }

  resume(): void {
    this.#source.resumeBody();
  }

  /** From the connection: more of it. */
  push(pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.bytes += piece.byteLength;
    if (this.#receiver !== null) {
      if (pieces.length > 0 && !this.#receiver.bodyData(pieces)) this.#source.pauseBody();
      this.#watcher?.pieces(pieces);
      return;
    }
    for (const piece of pieces) {
      this.#waiting.push(piece);
      this.#waitingBytes += piece.byteLength;
    }
    this.#watcher?.pieces(pieces);
    if (this.#waitingBytes >= LOOK_INTO_BYTES) this.#source.pauseBody();
    this.#settlePeek();
  }

  /** From the connection: that was all. */
  finish(trailers: Fields): void {
    this.#trailers = trailers;
    this.#receiver?.bodyEnd(trailers);
    if (this.#receiver !== null) this.#watcher?.passedOn();
    this.#settlePeek();
  }

  #isReadyToPeek(): boolean {
    return this.#trailers !== null || this.#waitingBytes >= LOOK_INTO_BYTES;
  }

  #settlePeek(): void {
    if (this.#answerPeek === null || !this.#isReadyToPeek()) return;
    this.#answerPeek();
    this.#answerPeek = null;
    this.isPeeked = false;
  }
}
