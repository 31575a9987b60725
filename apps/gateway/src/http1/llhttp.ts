import wasm from "undici/lib/llhttp/llhttp_simd-wasm.js";

/** What llhttp finds in the bytes it is fed; from and to are places in the chunk. Each span may come in several parts. */
export type ParserEvents = {
  onTarget(from: number, to: number): void;
  onFieldName(from: number, to: number): void;
  onFieldValue(from: number, to: number): void;
  onHeadComplete(keepsAlive: boolean): void;
  onBody(from: number, to: number): void;
  onMessageComplete(): void;
};

export type ParserFault = { readonly reason: string };
/** How far the parser went, and why it stopped there when it was not the chunk's end. */
export type Fed = { readonly at: number; readonly fault: ParserFault | null };

/** One message after another of one connection. It stops after each head and after each message. */
export type LlhttpParser = {
  feed(chunk: Buffer, events: ParserEvents): Fed;
  /** Forgets the message it is in; the next byte begins a new one. */
  reset(): void;
  /** Its memory goes back. Once, and nothing after it. */
  close(): void;
};

export type Llhttp = { createParser(kind: "request" | "response"): LlhttpParser };

type Exports = {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(size: number): number;
  free(address: number): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_reset(parser: number): void;
  llhttp_resume(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
};

const TYPES = { request: 1, response: 2 } as const;
const OK = 0;
const PAUSED = 21;
/** A parser pauses at an upgrade by itself; the head says everything by then. */
const PAUSED_UPGRADE = 22;
/** As much as Node reads from a socket at once. */
const INPUT_BYTES = 65_536;

const IDLE: ParserEvents = {
  onTarget() {},
  onFieldName() {},
  onFieldValue() {},
  onHeadComplete() {},
  onBody() {},
  onMessageComplete() {},
};

/** llhttp, Node's own parser, strict in everything, as undici ships it in WebAssembly (decision 34). */
export function createLlhttp(): Llhttp {
  const machine = new Machine();
  return {
    createParser(kind) {
      const parser = machine.exports.llhttp_alloc(TYPES[kind]);
      return {
        feed: (chunk, events) => machine.feed(parser, chunk, events),
        reset: () => machine.exports.llhttp_reset(parser),
        close: () => machine.exports.llhttp_free(parser),
      };
    },
  };
}

/** One parser runs at a time, so one input buffer and one receiver of events are enough for all connections. */
class Machine {
  readonly exports: Exports;
  #events = IDLE;
  #input = 0;
  #inputBytes = 0;
  #memory: Uint8Array;

  constructor() {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: this.#callbacks() });
    this.exports = parseExports(instance.exports);
    this.exports._initialize();
    this.#memory = new Uint8Array(this.exports.memory.buffer);
    this.#makeRoomFor(INPUT_BYTES);
  }

  feed(parser: number, chunk: Buffer, events: ParserEvents): Fed {
    const { exports } = this;
    this.#events = events;
    this.#makeRoomFor(chunk.byteLength);
    exports.llhttp_resume(parser);
    this.#memoryNow().set(chunk, this.#input);
    const code = exports.llhttp_execute(parser, this.#input, chunk.byteLength);
    this.#events = IDLE;
    if (code === OK) return { at: chunk.byteLength, fault: null };
    const at = exports.llhttp_get_error_pos(parser) - this.#input;
    if (code === PAUSED || code === PAUSED_UPGRADE) return { at, fault: null };
    return { at, fault: { reason: this.#textAt(exports.llhttp_get_error_reason(parser)) } };
  }

  #callbacks(): Readonly<Record<string, (...args: number[]) => number>> {
    const goOn = (): number => OK;
    return {
      wasm_on_message_begin: goOn,
      wasm_on_status: goOn,
      wasm_on_url: (_parser = 0, at = 0, length = 0) => {
        this.#events.onTarget(at - this.#input, at - this.#input + length);
        return OK;
      },
      wasm_on_header_field: (_parser = 0, at = 0, length = 0) => {
        this.#events.onFieldName(at - this.#input, at - this.#input + length);
        return OK;
      },
      wasm_on_header_value: (_parser = 0, at = 0, length = 0) => {
        this.#events.onFieldValue(at - this.#input, at - this.#input + length);
        return OK;
      },
      wasm_on_body: (_parser = 0, at = 0, length = 0) => {
        this.#events.onBody(at - this.#input, at - this.#input + length);
        return OK;
      },
      wasm_on_headers_complete: (...[, , , keepsAlive]) => {
        this.#events.onHeadComplete(keepsAlive === 1);
        return PAUSED;
      },
      wasm_on_message_complete: () => {
        this.#events.onMessageComplete();
        return PAUSED;
      },
    };
  }

  #makeRoomFor(bytes: number): void {
    if (bytes <= this.#inputBytes) return;
    if (this.#inputBytes > 0) this.exports.free(this.#input);
    this.#input = this.exports.malloc(bytes);
    this.#inputBytes = bytes;
  }

  /** Growing its memory moves it away from under the view. */
  #memoryNow(): Uint8Array {
    const { buffer } = this.exports.memory;
    if (this.#memory.buffer !== buffer) this.#memory = new Uint8Array(buffer);
    return this.#memory;
  }

  #textAt(address: number): string {
    const bytes = this.#memoryNow();
    return address === 0 ? "" : Buffer.from(bytes.subarray(address, bytes.indexOf(0, address))).toString("latin1");
  }
}

function parseExports(exports: object): Exports {
  return exports as Exports;
}
