import { createHmac, timingSafeEqual } from "node:crypto";
import type { PinSecrets } from "./pin-secrets.ts";

/** What is sealed, so that no seal of one kind passes for another. The number is that of its format. */
export type SealKind = "pin1" | "ovr1";

/** Longer ones are not ours: nobody has to hash whatever a client sends. */
const LONGEST = 2048;

/** `KIND.PAYLOAD.MAC`. `context` is covered by the seal but not carried: whoever opens it has to know it. */
export function seal(kind: SealKind, { payload, context }: Sealed, [secret]: PinSecrets): string {
  const body = Buffer.from(payload).toString("base64url");
  return `${kind}.${body}.${macOf(kind, { payload: body, context }, secret).toString("base64url")}`;
}

export type Sealed = { readonly payload: string; readonly context: string };

/** The payload; null for whatever was not sealed so, with one of these secrets. */
export function openSeal(kind: SealKind, { text, context }: Presented, secrets: PinSecrets): string | null {
  if (text.length > LONGEST) return null;
  const [, found, body, mac] = /^(\w+)\.([\w-]+)\.([\w-]{43})$/.exec(text) ?? [];
  if (found !== kind || body === undefined || mac === undefined) return null;
  const claimed = Buffer.from(mac, "base64url");
  const isOurs = secrets.some((secret) => timingSafeEqual(macOf(kind, { payload: body, context }, secret), claimed));
  return isOurs ? Buffer.from(body, "base64url").toString("utf8") : null;
}

export type Presented = { readonly text: string; readonly context: string };

// None of the parts can hold the separator: a kind is a word, a body base64url, and a context has no NUL.
function macOf(kind: SealKind, { payload, context }: Sealed, secret: string): Buffer {
  return createHmac("sha256", secret).update(`perch\0${kind}\0${context}\0${payload}`).digest();
}
