import { TelemetryError } from "@perch/domain";
import { DecompressionStream, ReadableStream } from "node:stream/web";
import type { Sender } from "./ingest-gate.ts";

export type Body = {
  readonly chunks: AsyncIterable<Uint8Array> | null;
  /** As `content-encoding` or `grpc-encoding` names it. */
  readonly compression: string;
  /** Before decompression, as the sender says; 0 when it does not. */
  readonly declaredBytes: number;
  readonly sender: Sender;
};

export type BodyReader = {
  /**
   * The whole decoded body, handed to `use`. Throws `TelemetryError`: `payload_too_large` as soon as the limit is passed,
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
  let bytesAtOnce = 0;

  return {
    async read(body, use) {
      let held = 0;
      const hold = (bytes: number): void => {
        held += bytes;
        bytesAtOnce += bytes;
        body.sender.charge(bytes);
        if (held > limits.maxBytes) throw tooLarge(limits.maxBytes);
        if (bytesAtOnce > limits.maxBytesAtOnce) throw busy();
      };
      try {
        if (body.declaredBytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
        return await use(await collect(body, hold));
      } finally {
        bytesAtOnce -= held;
      }
    },
  };
}

async function collect(body: Body, hold: (bytes: number) => void): Promise<Uint8Array> {
  const decoded = decodedChunks(body);
  if (decoded === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of decoded) {
      hold(chunk.byteLength);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof TelemetryError ? cause : unreadable(cause);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
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
