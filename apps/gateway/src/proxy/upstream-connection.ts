import type { Socket } from "node:net";
import { NO_FIELDS, type Fields } from "../http1/fields.ts";
import type { Llhttp } from "../http1/llhttp.ts";
import { createMessageReader, type MessageReader } from "../http1/message-reader.ts";
import { createMessageWriter, type MessageWriter } from "../http1/message-writer.ts";
import type { Head } from "../http1/head-reader.ts";
import type { Incoming } from "./incoming.ts";
import { parseReadyAnswer, type ParsedReadyAnswer, type ReadyAnswer } from "./ready-answer.ts";

/** What an agent says to one request. After `answerEnds`, `upgraded`, `failed` or `stalled` comes nothing more. */
export type AnswerEvents = {
  /** A 1xx other than 100 and 101. */
  interim(answer: ReadyAnswer): void;
  answerBegins(answer: ReadyAnswer): void;
  answerData(pieces: readonly Buffer[]): void;
  answerEnds(trailers: Fields): void;
  /** All that could be read at once was told: a good moment to pass it on. */
  flush(): void;
  /** 101 to a request that asked for it; the connection is the caller's from here on, with what came behind the head. */
  upgraded(answer: ReadyAnswer, taken: TakenOver): void;
  failed(fault: AnswerFault): void;
  /** The agent has had the whole request for too long without beginning to answer. The connection is closed. */
  stalled(): void;
  /** The agent takes more of the request. */
  agentDrained(): void;
};

export type TakenOver = { readonly socket: Socket; readonly incoming: Incoming; readonly rest: Buffer };

export type AnswerFault = { readonly kind: "reset" | "malformed"; readonly reason: string };

export type Asked = { readonly method: string; readonly isUpgrade: boolean };

export type UpstreamConnectionDeps = {
  readonly llhttp: Llhttp;
  readonly tick: () => number;
  /** Longest wait for the first byte of an answer; an answer that has begun may take as long as it likes. */
  readonly patienceMs: number;
  readonly onIdle: (connection: UpstreamConnection) => void;
  readonly onClose: (connection: UpstreamConnection) => void;
};

const LIMITS = { maxBytes: 65_536, maxLineBytes: 65_536, maxFields: 500 };
/**
 * A connection that says nothing about it is kept for less than the shortest habit of agents' servers (2 s), and one that
 * names a time for a second less than that: a request must not meet a connection that is being closed, because it could
 * not be sent again.
 */
const IDLE_MS = 1500;
const LONGEST_IDLE_MS = 60_000;
const MARGIN_MS = 1000;

type Phase = "idle" | "head" | "body" | "gone";

/** A connection to an agent, for one request at a time. */
export class UpstreamConnection {
  readonly #socket: Socket;
  readonly #incoming: Incoming;
  readonly #deps: UpstreamConnectionDeps;
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  #phase: Phase = "idle";
  #events: AnswerEvents | null = null;
  #asked: Asked = { method: "", isUpgrade: false };
  /** The head of the answer before, and what it was taken for. */
  #heard: { readonly head: Head; readonly method: string; readonly parsed: ParsedReadyAnswer } | null = null;
  #isRequestEnded = false;
  #keepsAlive = false;
  #idleMs = IDLE_MS;
  #usableUntil: number;
  /** Since when the agent has had the whole request and not begun to answer; null at all other times. */
  #waitingSince: number | null = null;
  /** One for many requests: it is not set anew for each, but looks when it goes off whether it was meant. */
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(socket: Socket, incoming: Incoming, deps: UpstreamConnectionDeps) {
    this.#socket = socket;
    this.#incoming = incoming;
    this.#deps = deps;
    this.#reader = createMessageReader(deps.llhttp, {
      kind: "response",
      limits: LIMITS,
      remembers: true,
      refusesExtensions: false,
    });
    this.#writer = createMessageWriter(socket);
    this.#usableUntil = deps.tick() + IDLE_MS;
    incoming.take = this.#onData;
    socket.on("end", this.#onEnd).on("error", this.#onError).on("drain", this.#onDrain);
    socket.once("close", () => {
      this.#fail({ kind: "reset", reason: "the connection is closed" });
      this.#reader.close();
      if (this.#timer !== null) clearTimeout(this.#timer);
      deps.onClose(this);
    });
  }

  /** Begins an exchange. The request is written with what this answers. */
  ask(asked: Asked, events: AnswerEvents): MessageWriter {
    this.#asked = asked;
    this.#events = events;
    this.#isRequestEnded = false;
    this.#phase = "head";
    return this.#writer;
  }

  /** The request is written whole. */
  requestEnded(): void {
    this.#isRequestEnded = true;
    // Before that, the client sets the pace.
    if (this.#phase !== "head") return;
    this.#waitingSince = this.#deps.tick();
    this.#timer ??= setTimeout(this.#onTimer, this.#deps.patienceMs);
  }

  /** These three act for one exchange, and do nothing once its answer is complete: the next may have begun. */
  pause(exchange: AnswerEvents): void {
    if (this.#events === exchange) this.#socket.pause();
  }

  resume(exchange: AnswerEvents): void {
    if (this.#events === exchange) this.#socket.resume();
  }

  abort(exchange: AnswerEvents): void {
    if (this.#events === exchange) this.destroy();
  }

  isUsable(now: number): boolean {
    const { destroyed, readableEnded } = this.#socket;
    return this.#phase === "idle" && now < this.#usableUntil && !destroyed && !readableEnded;
  }

  destroy(): void {
    this.#events = null;
    this.#waitingSince = null;
    this.#phase = "gone";
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    let rest: Buffer | null = chunk;
    while (rest !== null) {
      if (this.#phase === "head") rest = this.#readHead(rest);
      else if (this.#phase === "body") rest = this.#readBody(rest);
      else {
        // Bytes that nobody asked for: whatever they are, they must not be taken for the next answer.
        this.destroy();
        return;
      }
    }
    this.#events?.flush();
  };

  readonly #onEnd = (): void => {
    if (this.#phase === "body" && this.#reader.mayEndHere()) this.#complete(NO_FIELDS, false);
    else this.#fail({ kind: "reset", reason: "the agent closed the connection" });
  };

  readonly #onError = (error: Error): void => {
    this.#fail({ kind: "reset", reason: error.message });
  };

  readonly #onDrain = (): void => this.#events?.agentDrained();

  readonly #onTimer = (): void => {
    this.#timer = null;
    if (this.#waitingSince === null) return;
    const leftMs = this.#waitingSince + this.#deps.patienceMs - this.#deps.tick();
    if (leftMs > 0) {
      this.#timer = setTimeout(this.#onTimer, leftMs);
      return;
    }
    const events = this.#events;
    this.destroy();
    events?.stalled();
  };

  /** What is left to be read, null when more must come first. */
  #readHead(chunk: Buffer): Buffer | null {
    const read = this.#reader.readHead(chunk);
    if (read.kind === "partial") return null;
    if (read.kind !== "head") return this.#fail({ kind: "malformed", reason: read.reason });
    const parsed = this.#parse(read.head);
    if (parsed.kind === "malformed") return this.#fail({ kind: "malformed", reason: parsed.reason });
    const { answer } = parsed;
    if (answer.status === 101) return this.#upgrade(answer, read.rest);
    if (answer.status < 200) {
      if (answer.status !== 100) this.#events?.interim(answer);
      return read.rest.byteLength > 0 ? read.rest : null;
    }
    this.#waitingSince = null;
    this.#keepsAlive = answer.keepsAlive;
    this.#idleMs = idleTimeOf(answer.fields);
    this.#phase = "body";
    this.#events?.answerBegins(answer);
    this.#reader.beginBody(answer.framing);
    return read.rest;
  }

  /** The same head again is the same answer. */
  #parse(head: Head): ParsedReadyAnswer {
    const { method } = this.#asked;
    if (this.#heard?.head === head && this.#heard.method === method) return this.#heard.parsed;
    const parsed = parseReadyAnswer(head, method);
    this.#heard = { head, method, parsed };
    return parsed;
  }

  #readBody(chunk: Buffer): null {
    const read = this.#reader.readBody(chunk);
    if (read.kind === "malformed") return this.#fail({ kind: "malformed", reason: read.reason });
    if (read.pieces.length > 0) this.#events?.answerData(read.pieces);
    if (read.kind === "end") this.#complete(read.trailers, read.rest.byteLength > 0);
    return null;
  }

  #complete(trailers: Fields, hasMore: boolean): void {
    const events = this.#events;
    this.#events = null;
    if (hasMore || !this.#keepsAlive || !this.#isRequestEnded || this.#socket.readableEnded) this.destroy();
    else {
      this.#phase = "idle";
      this.#usableUntil = this.#deps.tick() + this.#idleMs;
      if (this.#socket.isPaused()) this.#socket.resume();
      this.#deps.onIdle(this);
    }
    events?.answerEnds(trailers);
  }

  #upgrade(answer: ReadyAnswer, rest: Buffer): null {
    const events = this.#events;
    const socket = this.#socket;
    if (!this.#asked.isUpgrade || events === null) {
      return this.#fail({ kind: "malformed", reason: "it answers 101 to a request that asked for no upgrade" });
    }
    this.#events = null;
    this.#waitingSince = null;
    this.#phase = "gone";
    socket.off("end", this.#onEnd).off("error", this.#onError).off("drain", this.#onDrain);
    events.upgraded(answer, { socket, incoming: this.#incoming, rest });
    return null;
  }

  #fail(fault: AnswerFault): null {
    const events = this.#events;
    this.destroy();
    events?.failed(fault);
    return null;
  }
}

/** From `keep-alive: timeout=5`, in seconds. */
function idleTimeOf({ keys, values }: Fields): number {
  const at = keys.indexOf("keep-alive");
  const seconds = at < 0 ? undefined : /(?:^|[\s,])timeout=(\d{1,6})(?:[\s,]|$)/.exec(values[at] ?? "")?.[1];
  if (seconds === undefined) return IDLE_MS;
  return Math.min(LONGEST_IDLE_MS, Math.max(0, Number(seconds) * 1000 - MARGIN_MS));
}
