import { createFieldSpans, NO_FIELDS, type Fields, type FieldSpans } from "./fields.ts";
import type { Llhttp, LlhttpParser, ParserEvents } from "./llhttp.ts";

/** What a piece of a chunked body held. */
export type ReadChunks =
  | { readonly kind: "partial"; readonly pieces: readonly Buffer[] }
  | { readonly kind: "end"; readonly pieces: readonly Buffer[]; readonly trailers: Fields; readonly rest: Buffer }
  | { readonly kind: "malformed"; readonly reason: string };

const MAX_TRAILER_BYTES = 16_384;
const SEMICOLON = 0x3b;
const NEVER = Number.POSITIVE_INFINITY;
/**
 * The parser reads the body below a head of ours, so that nothing in the message's own head can change how its body is
 * delimited: `connection: upgrade`, for one, makes llhttp take no body at all.
 */
const CONSTANT_HEAD = Buffer.from("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");

/** Takes the data out of chunked bodies. Chunk extensions are refused or left out: they serve nobody but smugglers. */
export class ChunkReader implements ParserEvents {
  readonly #parser: LlhttpParser;
  readonly #refusesExtensions: boolean;
  readonly #trailers: FieldSpans = createFieldSpans();
  #trailerText = "";
  #chunk: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  /** Where bytes that are neither data nor trailers begin. */
  #framingFrom = NEVER;
  #isInHead = false;
  #isComplete = false;
  #hasExtension = false;

  constructor(llhttp: Llhttp, { refusesExtensions }: { readonly refusesExtensions: boolean }) {
    this.#parser = llhttp.createParser("request");
    this.#refusesExtensions = refusesExtensions;
  }

  begin(): void {
    this.#parser.reset();
    this.#isInHead = true;
    this.#parser.feed(CONSTANT_HEAD, this);
    this.#isInHead = false;
    this.#trailers.clear();
    this.#trailerText = "";
    this.#isComplete = false;
    this.#hasExtension = false;
  }

  read(chunk: Buffer): ReadChunks {
    this.#chunk = chunk;
    this.#pieces = [];
    // Once trailers have begun, a semicolon is one of theirs.
    this.#framingFrom = this.#hasTrailers() ? NEVER : 0;
    const { at, fault } = this.#parser.feed(chunk, this);
    this.#lookForExtension(at);
    if (fault !== null) return { kind: "malformed", reason: fault.reason };
    if (this.#hasExtension) return { kind: "malformed", reason: "a chunk has an extension" };
    const hasTrailers = this.#hasTrailers();
    if (hasTrailers) this.#trailerText += chunk.toString("latin1", 0, at);
    if (this.#trailerText.length > MAX_TRAILER_BYTES + chunk.byteLength) {
      return { kind: "malformed", reason: `its trailers have more than ${MAX_TRAILER_BYTES} bytes` };
    }
    if (!this.#isComplete) return { kind: "partial", pieces: this.#pieces };
    const trailers = hasTrailers ? this.#trailers.of(this.#trailerText) : NO_FIELDS;
    return { kind: "end", pieces: this.#pieces, trailers, rest: chunk.subarray(at) };
  }

  close(): void {
    this.#parser.close();
  }

  onTarget(): void {}

  onHeadComplete(): void {}

  onFieldName(from: number, to: number): void {
    if (this.#isInHead) return;
    this.#lookForExtension(from);
    this.#trailers.name(this.#trailerText.length + from, this.#trailerText.length + to);
  }

  onFieldValue(from: number, to: number): void {
    if (this.#isInHead) return;
    this.#trailers.value(this.#trailerText.length + from, this.#trailerText.length + to);
  }

  onBody(from: number, to: number): void {
    this.#lookForExtension(from);
    this.#framingFrom = to;
    this.#pieces.push(this.#chunk.subarray(from, to));
  }

  onMessageComplete(): void {
    this.#isComplete = true;
  }

  #hasTrailers(): boolean {
    return this.#trailers.begin() !== NEVER;
  }

  /** llhttp reads over extensions; between two pieces of data is nothing else that could have a semicolon. */
  #lookForExtension(to: number): void {
    if (!this.#refusesExtensions) return;
    for (let at = this.#framingFrom; at < to; at += 1) {
      if (this.#chunk[at] === SEMICOLON) this.#hasExtension = true;
    }
    this.#framingFrom = NEVER;
  }
}
