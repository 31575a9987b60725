import type { Fields } from "../http1/fields.ts";

export const LOOK_INTO_BYTES = 65_536;

/** Where the body of a request goes. */
export type BodyReceiver = {
  /** False: no more until `resume`. */
  data(pieces: readonly Buffer[]): boolean;
  end(trailers: Fields): void;
};

/** The connection that a body comes from. */
export type BodySource = {
  pause(): void;
  resume(): void;
  /** Somebody wants bytes which have not come. */
  want(): void;
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
  #answerPeek: (() => void) | null = null;

  constructor(source: BodySource) {
    this.#source = source;
  }

  isComplete(): boolean {
    return this.#trailers !== null;
  }

  /** The first 64 KB, or the whole when it is shorter, as text. Never resolves when the client goes away meanwhile. */
  async peek(): Promise<string> {
    if (!this.#isReadyToPeek()) {
      this.#source.want();
      this.isPeeked = true;
      await new Promise<void>((resolve) => (this.#answerPeek = resolve));
    }
    const [first] = this.#waiting;
    const whole = this.#waiting.length === 1 && first !== undefined ? first : Buffer.concat(this.#waiting);
    return whole.toString("utf8", 0, LOOK_INTO_BYTES);
  }

  /** What is there already, and then what comes. */
  sendTo(receiver: BodyReceiver): void {
    this.#receiver = receiver;
    if (this.#trailers === null) this.#source.want();
    const hasRoom = this.#waiting.length === 0 || receiver.data(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#trailers !== null) receiver.end(this.#trailers);
    else if (hasRoom) this.#source.resume();
    else this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  /** From the connection: more of it. */
  push(pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.bytes += piece.byteLength;
    if (this.#receiver !== null) {
      if (pieces.length > 0 && !this.#receiver.data(pieces)) this.#source.pause();
      return;
    }
    for (const piece of pieces) {
      this.#waiting.push(piece);
      this.#waitingBytes += piece.byteLength;
    }
    if (this.#waitingBytes >= LOOK_INTO_BYTES) this.#source.pause();
    this.#settlePeek();
  }

  /** From the connection: that was all. */
  finish(trailers: Fields): void {
    this.#trailers = trailers;
    this.#receiver?.end(trailers);
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
