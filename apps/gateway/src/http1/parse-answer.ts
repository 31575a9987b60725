import { fieldOf, type Fields } from "./fields.ts";
import { framingOf, type Framing } from "./framing.ts";
import type { Head } from "./head-reader.ts";

/** The head of an agent's answer. */
export type AgentAnswer = {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly framing: Framing;
  /** The connection can be used again after it. */
  readonly keepsAlive: boolean;
};

export type ParsedAnswer =
  { readonly kind: "answer"; readonly answer: AgentAnswer } | { readonly kind: "malformed"; readonly reason: string };

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** What nearly all answers begin with is not taken apart each time. */
const ORDINARY = "HTTP/1.1 200 OK";
const ORDINARY_PARTS = partsOf(ORDINARY);

function partsOf(statusLine: string): readonly (string | undefined)[] {
  return STATUS_LINE.exec(statusLine) ?? [];
}

/** `method` is that of the request it answers: an answer to HEAD has the length of a body it does not have. */
export function parseAnswer(head: Head, method: string): ParsedAnswer {
  const { fields } = head;
  const [, minor, code, reason = ""] = head.startLine === ORDINARY ? ORDINARY_PARTS : partsOf(head.startLine);
  if (code === undefined) return { kind: "malformed", reason: `its status line is ${quoted(head.startLine)}` };
  const found = framingOf(fields, minor === "0");
  if (found.kind === "ambiguous") return { kind: "malformed", reason: found.reason };
  if (found.kind === "unknownCoding") {
    return { kind: "malformed", reason: `its transfer-encoding is ${quoted(found.coding)}` };
  }
  const status = Number(code);
  const hasNoBody = method === "HEAD" || status < 200 || status === 204 || status === 304;
  const framing = hasNoBody ? NONE : found.framing.kind === "none" ? UNTIL_CLOSE : found.framing;
  // llhttp reads an end into every answer without a length; one that has no body needs none.
  const keepsAlive = framing.kind !== "untilClose" && saysKeepAlive(head, minor === "1");
  return { kind: "answer", answer: { status, reason, fields, framing, keepsAlive } };
}

const NONE: Framing = { kind: "none" };
const UNTIL_CLOSE: Framing = { kind: "untilClose" };

function saysKeepAlive({ fields }: Head, isHttp11: boolean): boolean {
  if (!fields.keys.includes("connection")) return isHttp11;
  const options = `,${(fieldOf(fields, "connection") ?? "").toLowerCase().replace(/\s/g, "")},`;
  return !options.includes(",close,") && (isHttp11 || options.includes(",keep-alive,"));
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 50));
}
