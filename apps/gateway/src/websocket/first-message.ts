export type FirstMessage =
  /** More bytes are needed. */
  | { readonly kind: "partial" }
  /** The first message of the client as text, or its beginning when it is long; empty when it is a binary one. */
  | { readonly kind: "message"; readonly text: string }
  /** The client speaks no WebSocket, or has nothing to say. */
  | { readonly kind: "refused"; readonly reason: string };

/** How much of the message is looked at. */
const LOOK_INTO_BYTES = 65_536;
/** Frames of no payload and control frames take room too. */
const MAX_BYTES = 4 * LOOK_INTO_BYTES;
const MAX_CONTROL_BYTES = 125;
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PARTIAL: FirstMessage = { kind: "partial" };

/**
 * Reads the first message from everything a client has sent since the handshake. The bytes go on to the agent as they are:
 * nothing is consumed. Control frames may stand before it and between its fragments (RFC 6455, section 5.4).
 */
export function readFirstMessage(bytes: Buffer): FirstMessage {
  const payload: Buffer[] = [];
  let length = 0;
  let kind: number | null = null;
  for (let at = 0; ;) {
    const frame = frameAt(bytes, at);
    if (frame === null) return bytes.byteLength > MAX_BYTES ? refused("too much came before it") : PARTIAL;
    const fault = faultOf(frame, kind);
    if (fault !== null) return fault;
    at = frame.end;
    const isWhole = at <= bytes.byteLength;
    if (frame.opcode < CLOSE) {
      kind ??= frame.opcode;
      const part = unmasked(bytes, frame);
      payload.push(part);
      length += part.byteLength;
      if (length >= LOOK_INTO_BYTES || (frame.isFinal && isWhole)) {
        return { kind: "message", text: kind === TEXT ? textOf(payload) : "" };
      }
    }
    if (!isWhole) return PARTIAL;
  }
}

type Frame = {
  readonly isFinal: boolean;
  readonly reserved: number;
  readonly opcode: number;
  readonly isMasked: boolean;
  /** Of the payload, here or still to come. */
  readonly length: number;
  readonly maskAt: number;
  readonly end: number;
};

/** Null when its head is not all there. */
function frameAt(bytes: Buffer, at: number): Frame | null {
  if (bytes.byteLength < at + 2) return null;
  const [first, second] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
  const short = second & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const isMasked = (second & 0x80) !== 0;
  const maskAt = at + 2 + lengthBytes;
  if (bytes.byteLength < maskAt + (isMasked ? 4 : 0)) return null;
  const long = lengthBytes === 8 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
  const length = lengthBytes === 2 ? bytes.readUInt16BE(at + 2) : long;
  const end = maskAt + 4 + length;
  return { isFinal: (first & 0x80) !== 0, reserved: first & 0x70, opcode: first & 0x0f, isMasked, length, maskAt, end };
}

function faultOf(frame: Frame, kind: number | null): FirstMessage | null {
  const { opcode } = frame;
  if (!frame.isMasked) return refused("a frame of the client is not masked");
  if (frame.reserved !== 0) return refused("a frame has reserved bits set, but no extension was agreed on");
  if (opcode === CLOSE) return refused("the client closed it before");
  if (opcode > CLOSE) {
    const isControl = opcode <= 0xa && frame.isFinal && frame.length <= MAX_CONTROL_BYTES;
    return isControl ? null : refused("a control frame is malformed");
  }
  const expected = kind === null ? opcode === TEXT || opcode === BINARY : opcode === CONTINUATION;
  return expected ? null : refused(`a frame of type ${opcode} stands where it cannot`);
}

function unmasked(bytes: Buffer, { maskAt, length }: Frame): Buffer {
  const from = maskAt + 4;
  const payload = Buffer.from(bytes.subarray(from, from + Math.min(length, LOOK_INTO_BYTES)));
  for (let index = 0; index < payload.byteLength; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (bytes[maskAt + (index & 3)] ?? 0);
  }
  return payload;
}

function textOf(payload: readonly Buffer[]): string {
  return Buffer.concat(payload).toString("utf8", 0, LOOK_INTO_BYTES);
}

function refused(reason: string): FirstMessage {
  return { kind: "refused", reason };
}
