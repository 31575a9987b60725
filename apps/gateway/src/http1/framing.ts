import { countOf, fieldOf, type Fields } from "./fields.ts";

/** How a message's body is delimited (RFC 9112, section 6). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "fixed"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "untilClose" };

export type FoundFraming =
  | { readonly kind: "found"; readonly framing: Framing }
  /** A length that two readers could take differently. */
  | { readonly kind: "ambiguous"; readonly reason: string }
  | { readonly kind: "unknownCoding"; readonly coding: string };

const NONE: FoundFraming = { kind: "found", framing: { kind: "none" } };
const CHUNKED: FoundFraming = { kind: "found", framing: { kind: "chunked" } };

/** One length or one `chunked`, said once and in its plainest form; anything else has been a way to smuggle. */
export function framingOf(fields: Fields, isHttp10: boolean): FoundFraming {
  const coding = fieldOf(fields, "transfer-encoding");
  const length = fieldOf(fields, "content-length");
  if (coding !== undefined) {
    if (length !== undefined) return ambiguous("it has both a content-length and a transfer-encoding");
    if (isHttp10) return ambiguous("it has a transfer-encoding, which HTTP/1.0 does not know");
    if (coding.toLowerCase() === "chunked") return CHUNKED;
    if (/(?:^|,)\s*chunked\s*(?:,|$)/i.test(coding)) return ambiguous(`its transfer-encoding is ${quoted(coding)}`);
    return { kind: "unknownCoding", coding };
  }
  if (length === undefined) return NONE;
  if (countOf(fields, "content-length") > 1) return ambiguous("it has several content-lengths");
  if (!/^\d{1,15}$/.test(length)) return ambiguous(`its content-length is ${quoted(length)}`);
  return { kind: "found", framing: { kind: "fixed", bytes: Number(length) } };
}

function ambiguous(reason: string): FoundFraming {
  return { kind: "ambiguous", reason };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 50));
}
