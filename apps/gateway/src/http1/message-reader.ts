import { ChunkReader } from "./chunk-reader.ts";
import { NO_FIELDS, type Fields } from "./fields.ts";
import type { Framing } from "./framing.ts";
import { createHeadReader, type HeadReaderOptions, type ReadHead } from "./head-reader.ts";
import type { Llhttp } from "./llhttp.ts";

export type ReadBody =
  | { readonly kind: "partial"; readonly pieces: readonly Buffer[] }
  | { readonly kind: "end"; readonly pieces: readonly Buffer[]; readonly trailers: Fields; readonly rest: Buffer }
  | { readonly kind: "malformed"; readonly reason: string };

/** Reads the messages of one connection: head, body, head, body. */
export type MessageReader = {
  readHead(chunk: Buffer): ReadHead;
  isInsideHead(): boolean;
  /** What is read from here on is a body of this framing; `readBody` with an empty chunk says whether it has any bytes. */
  beginBody(framing: Framing): void;
  readBody(chunk: Buffer): ReadBody;
  /** The connection ended: whether the body is complete that way. */
  mayEndHere(): boolean;
  close(): void;
};

export type MessageReaderOptions = HeadReaderOptions & { readonly refusesExtensions: boolean };

const NOTHING: readonly Buffer[] = [];
const NO_BYTES = Buffer.alloc(0);

export function createMessageReader(llhttp: Llhttp, options: MessageReaderOptions): MessageReader {
  const heads = createHeadReader(llhttp, options);
  let chunks: ChunkReader | null = null;
  let framing: Framing = { kind: "none" };
  let left = 0;

  function readFixed(chunk: Buffer): ReadBody {
    const length = chunk.byteLength;
    if (length < left) {
      left -= length;
      return { kind: "partial", pieces: length === 0 ? NOTHING : [chunk] };
    }
    const pieces = left === 0 ? NOTHING : [length === left ? chunk : chunk.subarray(0, left)];
    const rest = length === left ? NO_BYTES : chunk.subarray(left);
    left = 0;
    return { kind: "end", pieces, trailers: NO_FIELDS, rest };
  }

  return {
    readHead: (chunk) => heads.read(chunk),
    isInsideHead: () => heads.isInside(),
    beginBody(next) {
      framing = next;
      left = next.kind === "fixed" ? next.bytes : 0;
      if (next.kind !== "chunked") return;
      chunks ??= new ChunkReader(llhttp, options);
      chunks.begin();
    },
    readBody(chunk) {
      if (framing.kind === "chunked" && chunks !== null) return chunks.read(chunk);
      if (framing.kind === "untilClose") return { kind: "partial", pieces: chunk.byteLength === 0 ? NOTHING : [chunk] };
      return readFixed(chunk);
    },
    mayEndHere: () => framing.kind === "untilClose",
    close() {
      heads.close();
      chunks?.close();
    },
  };
}
