import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";

export const LOOK_INTO_BYTES = 65_536;

/** The body of a request, of which the beginning may be looked at before all of it goes on to the agent. */
export type RequestBody = {
  /** Known to be so short that reading it whole costs less than streaming it. */
  readonly isShort: boolean;
  /** The first 64 KB, or the whole when it is shorter, as text. Throws when the client goes away meanwhile. */
  peek(): Promise<string>;
  /** For sending: null without a body, the bytes when all are here already, else a stream. Anew for each try to connect. */
  outgoing(): Buffer | Readable | null;
  /** Bytes that went past so far. */
  bytes(): number;
};

export function createRequestBody(request: IncomingMessage): RequestBody {
  const isEmpty = request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined;
  let seen: Buffer | null = null;
  let isWhole = isEmpty;
  let bytes = 0;

  async function* rest(): AsyncIterable<Buffer> {
    if (seen !== null && seen.byteLength > 0) yield seen;
    // Not destroyed with this iterator: the client still waits for its answer on the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      bytes += buffer.byteLength;
      yield buffer;
    }
  }

  const announced = Number(request.headers["content-length"] ?? Number.NaN);
  return {
    isShort: announced > 0 && announced < LOOK_INTO_BYTES,
    async peek() {
      if (seen === null && !isEmpty) {
        const prefix = await readPrefix(request);
        seen = prefix.bytes;
        isWhole = prefix.isWhole;
        bytes = seen.byteLength;
      }
      return (seen ?? Buffer.alloc(0)).toString("utf8", 0, LOOK_INTO_BYTES);
    },
    outgoing() {
      if (isWhole) return seen;
      return Readable.from(rest(), { objectMode: false });
    },
    bytes: () => bytes,
  };
}

function readPrefix(request: IncomingMessage): Promise<{ bytes: Buffer; isWhole: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (isWhole: boolean): void => {
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      request.pause();
      resolve({ bytes: Buffer.concat(chunks), isWhole });
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size >= LOOK_INTO_BYTES) finish(false);
    };
    const onEnd = (): void => finish(true);
    const onGone = (): void => reject(new Error("the client went away before its request was complete"));
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}
