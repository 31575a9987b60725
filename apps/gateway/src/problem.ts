import { STATUS_CODES } from "node:http";
import type { Problem } from "@perch/api";
import { NO_FIELDS } from "./http1/fields.ts";
import type { AnswerHead, ClientTurn } from "./proxy/client-turn.ts";

/** An answer that the gateway itself gives instead of the agent's. */
export type Refusal = Problem["error"] & { readonly status: number };

export type OwnAnswer = { readonly head: AnswerHead; readonly body: Buffer };

/** `lines` are further header lines, each with its line end. */
export function problemOf({ status, ...error }: Refusal, lines = ""): OwnAnswer {
  return jsonAnswer({ status, body: { error } satisfies Problem }, lines);
}

export function jsonAnswer({ status, body }: { status: number; body: unknown }, lines = ""): OwnAnswer {
  return textAnswer({ status, type: "application/json; charset=utf-8", text: `${JSON.stringify(body)}\n` }, lines);
}

export function textAnswer(
  { status, type, text }: { readonly status: number; readonly type: string; readonly text: string },
  lines = "",
): OwnAnswer {
  const bytes = Buffer.from(text);
  const own =
    `content-type: ${type}\r\ncontent-length: ${bytes.byteLength}\r\n` +
    `cache-control: no-store\r\ndate: ${new Date().toUTCString()}\r\n`;
  const framing = { kind: "fixed", bytes: bytes.byteLength } as const;
  return { head: { status, reason: STATUS_CODES[status] ?? "", lines: lines + own, framing }, body: bytes };
}

/** Answers a turn whole. */
export function sendOwn(turn: ClientTurn, { head, body }: OwnAnswer): void {
  turn.begin(head);
  if (turn.request.method !== "HEAD") turn.data([body]);
  turn.end(NO_FIELDS);
}

export function sendProblem(turn: ClientTurn, refusal: Refusal, lines = ""): void {
  sendOwn(turn, problemOf(refusal, lines));
}
