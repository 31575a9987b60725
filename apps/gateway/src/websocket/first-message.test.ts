import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFirstMessage } from "./first-message.ts";

type FrameOptions = {
  readonly opcode?: number;
  readonly isFinal?: boolean;
  readonly reserved?: number;
  readonly isMasked?: boolean;
};
const MASK = [0x12, 0x34, 0x56, 0x78];

function frame(payload: string | Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = 1, isFinal = true, reserved = 0, isMasked = true } = options;
  const body = Buffer.from(payload);
  const [short, length] = lengthOf(body.byteLength);
  const head = Buffer.from([(isFinal ? 0x80 : 0) | reserved | opcode, (isMasked ? 0x80 : 0) | short]);
  if (!isMasked) return Buffer.concat([head, length, body]);
  return Buffer.concat([head, length, Buffer.from(MASK), body.map((byte, at) => byte ^ (MASK[at & 3] ?? 0))]);
}

function lengthOf(bytes: number): [number, Buffer] {
  if (bytes <= 125) return [bytes, Buffer.alloc(0)];
  const length = Buffer.alloc(bytes > 65_535 ? 8 : 2);
  if (length.byteLength === 8) length.writeBigUInt64BE(BigInt(bytes));
  else length.writeUInt16BE(bytes);
  return [length.byteLength === 8 ? 127 : 126, length];
}

const ping = frame("are you there", { opcode: 9 });

describe("the first message of a WebSocket", () => {
  test.each<[string, Buffer, string]>([
    ["in one frame", frame("hello"), "hello"],
    ["in a frame of more than 125 bytes", frame("x".repeat(300)), "x".repeat(300)],
    ["in fragments", Buffer.concat([frame("hel", { isFinal: false }), frame("lo", { opcode: 0 })]), "hello"],
    ["behind a ping", Buffer.concat([ping, frame("hello")]), "hello"],
    [
      "with a ping between its fragments",
      Buffer.concat([frame("hel", { isFinal: false }), ping, frame("lo", { opcode: 0 })]),
      "hello",
    ],
    ["before others", Buffer.concat([frame("hello"), frame("again")]), "hello"],
    ["empty", frame(""), ""],
    ["binary, which names nothing", frame("hello", { opcode: 2 }), ""],
    [
      "with characters cut by fragments",
      Buffer.concat([frame(Buffer.from([0xc3]), { isFinal: false }), frame(Buffer.from([0xa4]), { opcode: 0 })]),
      "ä",
    ],
  ])("is read %s", (_how, bytes, text) => {
    expect(readFirstMessage(bytes)).toEqual({ kind: "message", text });
  });

  test("is looked at before its end when it is long", () => {
    const long = frame(`{"session":"s","text":"${"x".repeat(200_000)}"}`);
    const read = readFirstMessage(long.subarray(0, 100_000));
    expect(read.kind === "message" && read.text.length).toBe(65_536);
    expect(readFirstMessage(long.subarray(0, 60_000))).toEqual({ kind: "partial" });
  });

  test.each<[string, Buffer]>([
    ["not masked", frame("hello", { isMasked: false })],
    ["of a reserved bit", frame("hello", { reserved: 0x40 })],
    ["of a reserved type", frame("hello", { opcode: 3 })],
    ["of a reserved control type", frame("hello", { opcode: 0xb })],
    ["that continues nothing", frame("hello", { opcode: 0 })],
    ["of a new message in the middle of one", Buffer.concat([frame("hel", { isFinal: false }), frame("lo")])],
    ["of control in fragments", frame("hello", { opcode: 9, isFinal: false })],
    ["of control that is long", frame("x".repeat(126), { opcode: 9 })],
    ["that closes it", frame("", { opcode: 8 })],
  ])("is refused behind a frame %s", (_what, bytes) => {
    expect(readFirstMessage(bytes).kind).toBe("refused");
  });

  test("is not waited for behind ever more pings", () => {
    expect(readFirstMessage(Buffer.concat(Array.from({ length: 20_000 }, () => ping))).kind).toBe("refused");
  });

  test("is the same wherever the bytes were cut, and whatever bytes come never throws", () => {
    const bytes = Buffer.concat([ping, frame("hel", { isFinal: false }), ping, frame("lo", { opcode: 0 })]);
    for (let cut = 0; cut < bytes.byteLength; cut += 1)
      expect(readFirstMessage(bytes.subarray(0, cut))).toEqual({ kind: "partial" });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (any) => void readFirstMessage(Buffer.from(any))));
  });
});
