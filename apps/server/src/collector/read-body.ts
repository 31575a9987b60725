import { TelemetryError } from "@perch/domain";
import { DecompressionStream, ReadableStream } from "node:stream/web";
import { createBufferPool, type BufferPool } from "./buffer-pool.ts";
import type { Sender } from "./ingest-gate.ts";

export type Body = {
  readonly chunks: AsyncIterable<Uint8Array> | null;
  /** As `content-encoding` or `grpc-encoding` names it. */
  readonly compression: string;
  /** Before decompression, as the sender says; 0 when it does not. */
  readonly declaredBytes: number;
  readonly sender: Sender;
};

const NOTHING = new Uint8Array();

export type BodyReader = {
  /**
   * The whole decoded body, handed to `use`, which reads it no more when it has resolved. Throws `TelemetryError`: `payload_too_large` as soon as the limit is passed,
   * also while inflating; `payload_malformed`; `media_type_unsupported`; `store_busy` when other bodies fill the memory.
   */
  read<T>(body: Body, use: (bytes: Uint8Array) => Promise<T>): Promise<T>;
};

export function bodyOf({ body, headers }: Request, sender: Sender): Body {
  return {
    sender,
    chunks: body,
    compression: (headers.get("content-encoding") ?? "identity").trim().toLowerCase(),
    declaredBytes: Number(headers.get("content-length") ?? 0),
  };
}

/** `maxBytesAtOnce` bounds all bodies under way together, so that many large posts cannot exhaust the process. */
export function createBodyReader(limits: { maxBytes: number; maxBytesAtOnce: number }): BodyReader {
  const pool = createBufferPool();
  let bytesAtOnce = 0;

  return {
    async read(body, use) {
      let held = 0;
      let whole: Whole = { bytes: NOTHING, pooled: null };
      const hold = (bytes: number): void => {
        held += bytes;
        bytesAtOnce += bytes;
        body.sender.charge(bytes);
        if (held > limits.maxBytes) throw tooLarge(limits.maxBytes);
        if (bytesAtOnce > limits.maxBytesAtOnce) throw busy();
      };
      try {
        if (body.declaredBytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
        whole = joined(await collect(body, hold), pool);
        return await use(whole.bytes);
      } finally {
        if (whole.pooled !== null) pool.giveBack(whole.pooled);
        bytesAtOnce -= held;
      }
    },
  };
}

async function collect(body: Body, hold: (bytes: number) => void): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const decoded = decodedChunks(body);
  if (decoded === null) return pieces;
  try {
    for await (const piece of decoded) {
      hold(piece.byteLength);
      pieces.push(piece);
    }
  } catch (cause) {
    throw cause instanceof TelemetryError ? cause : unreadable(cause);
  }
  return pieces;
}

/** `pooled`: the memory that the bytes are in, if it is to be used again. */
type Whole = { readonly bytes: Uint8Array; readonly pooled: Buffer | null };

function joined(pieces: readonly Uint8Array[], pool: BufferPool): Whole {
  const [first = NOTHING] = pieces;
  if (pieces.length < 2) return { bytes: first, pooled: null };
  const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const pooled = pool.take(length);
  let end = 0;
  for (const piece of pieces) {
    pooled.set(piece, end);
    end += piece.byteLength;
  }
  return { bytes: pooled.subarray(0, length), pooled };
}

function decodedChunks({ chunks, compression }: Body): AsyncIterable<Uint8Array> | null {
  if (compression !== "identity" && compression !== "gzip" && compression !== "deflate") {
    throw new TelemetryError({
      code: "media_type_unsupported",
      message: `found the compression "${compression}", expected gzip, deflate or none`,
      hint: "set the exporter's compression to gzip",
    });
  }
  if (compression === "identity" || chunks === null) return chunks;
  return ReadableStream.from(chunks).pipeThrough(new DecompressionStream(compression));
}

function tooLarge(maxBytes: number): TelemetryError {
  return new TelemetryError({
    code: "payload_too_large",
    message: `the body is larger than ${maxBytes} bytes after decompression`,
    hint: "send smaller batches, and leave message contents out of the spans",
  });
}

function busy(): TelemetryError {
  return new TelemetryError({
    code: "store_busy",
    message: "the bodies being read fill the memory that is set aside for them",
    hint: "send again in a second",
  });
}

function unreadable(cause: unknown): TelemetryError {
  return new TelemetryError({
    code: "payload_malformed",
    message: `the body could not be read to its end: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "see that the headers say how the body is compressed",
    cause,
  });
}
