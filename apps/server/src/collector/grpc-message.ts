import { TelemetryError } from "@perch/domain";

// The framing of https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: one byte that says whether the message is
// compressed, four bytes of length, the message.
const PREFIX_BYTES = 5;

export type GrpcMessage = {
  readonly isCompressed: boolean;
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
};

/**
 * Reads the prefix of a call's one message; the rest is read with its chunks, which end with the call. Both throw
 * `TelemetryError` `payload_malformed`.
 */
export async function openGrpcMessage(call: AsyncIterable<Uint8Array>): Promise<GrpcMessage> {
  const chunks = call[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < PREFIX_BYTES) {
    const next = await chunks.next();
    if (next.done === true) throw malformed(`found ${head.length} bytes, expected a message with a prefix of five`);
    head = Buffer.concat([head, next.value]);
  }
  const flag = head.readUInt8(0);
  if (flag > 1) throw malformed(`found the compressed flag ${flag}, expected 0 or 1`);
  const bytes = head.readUInt32BE(1);
  return { isCompressed: flag === 1, bytes, chunks: upTo(bytes, chunks, head.subarray(PREFIX_BYTES)) };
}

async function* upTo(bytes: number, chunks: AsyncIterator<Uint8Array>, first: Uint8Array): AsyncGenerator<Uint8Array> {
  let received = first.byteLength;
  if (received > 0 && received <= bytes) yield first;
  while (received <= bytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    received += next.value.byteLength;
    if (received <= bytes) yield next.value;
  }
  if (received > bytes) throw malformed(`found more than the ${bytes} bytes announced, expected one message in a call`);
  if (received < bytes) throw malformed(`found ${received} bytes, expected the ${bytes} announced`);
}

/** Uncompressed: answers are a few bytes. */
export function encodeGrpcMessage(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

function malformed(problem: string): TelemetryError {
  return new TelemetryError({
    code: "payload_malformed",
    message: `the call is not what was expected: ${problem}`,
    hint: "send one ExportTraceServiceRequest or ExportLogsServiceRequest in a call, as a gRPC client does",
  });
}
