import { createFieldSpans, type Fields } from "./fields.ts";
import { createHeadMemory } from "./head-memory.ts";
import type { Llhttp, ParserEvents } from "./llhttp.ts";

/** Everything before a message's body, as llhttp took it. */
export type Head = {
  readonly startLine: string;
  readonly fields: Fields;
  /** By version and `connection`: another message may follow on this connection. */
  readonly keepsAlive: boolean;
};

export type HeadLimits = { readonly maxBytes: number; readonly maxLineBytes: number; readonly maxFields: number };

export type ReadHead =
  /** More bytes are needed. */
  | { readonly kind: "partial" }
  /** `rest` is what stood behind the head. */
  | { readonly kind: "head"; readonly head: Head; readonly rest: Buffer }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "tooLarge"; readonly reason: string };

export type HeadReader = {
  read(chunk: Buffer): ReadHead;
  /** Part of a head is there, but not all of it. */
  isInside(): boolean;
  close(): void;
};

const PARTIAL: ReadHead = { kind: "partial" };
const NOTHING = Buffer.alloc(0);

export type HeadReaderOptions = {
  readonly kind: "request" | "response";
  readonly limits: HeadLimits;
  /** A head that is the one before, byte for byte, is given again as the same object. Of use where heads repeat. */
  readonly remembers: boolean;
};

/** Reads the heads of one connection's messages, each from whatever pieces it comes in. */
export function createHeadReader(llhttp: Llhttp, { kind, limits, remembers }: HeadReaderOptions): HeadReader {
  const parser = llhttp.createParser(kind);
  const spans = createFieldSpans();
  let before: Buffer = NOTHING;
  const memory = remembers ? createHeadMemory() : null;
  let isComplete = false;
  let keepsAlive = false;
  const events: ParserEvents = {
    onTarget() {},
    onFieldName: (from, to) => spans.name(before.byteLength + from, before.byteLength + to),
    onFieldValue: (from, to) => spans.value(before.byteLength + from, before.byteLength + to),
    onHeadComplete(keeps) {
      isComplete = true;
      keepsAlive = keeps;
    },
    onBody() {},
    onMessageComplete() {},
  };

  function complete(chunk: Buffer, end: number): ReadHead {
    const ending = chunk.toString("latin1", 0, end);
    const isWhole = before === NOTHING;
    const text = isWhole ? ending : before.toString("latin1") + ending;
    const head = { startLine: startLineOf(text), fields: spans.of(text), keepsAlive };
    const excess = excessOf(head, text.length, limits);
    forget();
    if (excess !== null) return { kind: "tooLarge", reason: excess };
    if (isWhole) memory?.keep(text, head);
    return { kind: "head", head, rest: chunk.subarray(end) };
  }

  function forget(): void {
    parser.reset();
    spans.clear();
    before = NOTHING;
    isComplete = false;
  }

  return {
    read(chunk) {
      const same = before === NOTHING ? memory?.recall(chunk) : null;
      if (same) return { kind: "head", head: same.head, rest: chunk.subarray(same.bytes) };
      const { at, fault } = parser.feed(chunk, events);
      if (fault !== null) return { kind: "malformed", ...fault };
      if (isComplete) return complete(chunk, at);
      before = before.byteLength === 0 ? chunk : Buffer.concat([before, chunk]);
      if (before.byteLength <= limits.maxBytes) return PARTIAL;
      return { kind: "tooLarge", reason: `its head is longer than ${limits.maxBytes} bytes` };
    },
    isInside: () => before.byteLength > 0,
    close: () => parser.close(),
  };
}

/** Empty lines before a request are to be ignored (RFC 9112, section 2.2). */
function startLineOf(text: string): string {
  const start = text.startsWith("\r\n") ? text.search(/[^\r\n]/) : 0;
  return text.slice(start, text.indexOf("\r\n", start));
}

function excessOf({ startLine, fields }: Head, bytes: number, limits: HeadLimits): string | null {
  const { maxBytes, maxLineBytes, maxFields } = limits;
  if (bytes > maxBytes) return `its head has ${bytes} bytes, expected at most ${maxBytes}`;
  if (startLine.length > maxLineBytes) return `its first line has more than ${maxLineBytes} bytes`;
  if (fields.names.length > maxFields)
    return `it has ${fields.names.length} header fields, expected at most ${maxFields}`;
  if (bytes <= maxLineBytes) return null;
  for (let index = 0; index < fields.values.length; index += 1) {
    const length = (fields.names[index] ?? "").length + (fields.values[index] ?? "").length;
    if (length > maxLineBytes)
      return `header field ${fields.names[index]?.slice(0, 50)} has more than ${maxLineBytes} bytes`;
  }
  return null;
}
