import { TelemetryError } from "@perch/domain";

export type BodyReader = {
  /**
   * The whole decoded body, handed to `use`. Throws `TelemetryError`: `payload_too_large` as soon as the limit is passed,
   * also while inflating; `payload_malformed`; `media_type_unsupported`; `store_busy` when other bodies fill the memory.
   */
  read<T>(request: Request, use: (bytes: Uint8Array) => Promise<T>): Promise<T>;
};

/** `maxBytesAtOnce` bounds all bodies under way together, so that many large posts cannot exhaust the process. */
export function createBodyReader(limits: { maxBytes: number; maxBytesAtOnce: number }): BodyReader {
  let bytesAtOnce = 0;

  return {
    async read(request, use) {
      let held = 0;
      const hold = (bytes: number): void => {
        held += bytes;
        bytesAtOnce += bytes;
        if (held > limits.maxBytes) throw tooLarge(limits.maxBytes);
        if (bytesAtOnce > limits.maxBytesAtOnce) throw busy();
      };
      try {
        if (Number(request.headers.get("content-length") ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes);
        return await use(await collect(request, hold));
      } finally {
        bytesAtOnce -= held;
      }
    },
  };
}

async function collect(request: Request, hold: (bytes: number) => void): Promise<Uint8Array> {
  const decoded = decodedBody(request);
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

function decodedBody({ body, headers }: Request): ReadableStream<Uint8Array> | null {
  const encoding = (headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (encoding !== "identity" && encoding !== "gzip" && encoding !== "deflate") {
    throw new TelemetryError({
      code: "media_type_unsupported",
      message: `found content-encoding "${encoding}", expected gzip, deflate or none`,
      hint: "set the exporter's compression to gzip",
    });
  }
  return encoding === "identity" || body === null ? body : body.pipeThrough(new DecompressionStream(encoding));
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
    hint: "see that the content-encoding header says how the body is compressed",
    cause,
  });
}
