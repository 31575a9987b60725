import { createHash, createHmac } from "node:crypto";
import { NotifyError } from "./error.ts";

/** The key of the signatures, as the Standard Webhooks specification writes it: `whsec_` and base64. */
export type WebhookSecret = { readonly key: Buffer };

const PREFIX = "whsec_";
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** Throws `NotifyError` `secret_malformed`; the message never repeats what was found. */
export function parseWebhookSecret(text: string): WebhookSecret {
  const trimmed = text.trim();
  const encoded = trimmed.startsWith(PREFIX) ? trimmed.slice(PREFIX.length) : "";
  const key = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, "base64") : Buffer.alloc(0);
  if (key.length >= LEAST_BYTES && key.length <= MOST_BYTES) return { key };
  throw new NotifyError({
    code: "secret_malformed",
    message: `found ${trimmed.length} characters, expected whsec_ and ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64`,
    hint: "make one: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"",
  });
}

/**
 * The headers of a delivery (Standard Webhooks 1.0): `webhook-id` is the same for every attempt, `webhook-timestamp` is
 * when this one was made, in seconds, and `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over
 * `id.timestamp.body`; one for each secret, so that a secret can be exchanged without a gap.
 */
export function signWebhook(
  { id, body, at }: { readonly id: string; readonly body: string; readonly at: number },
  secrets: readonly WebhookSecret[],
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map(({ key }) => {
    const digest = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    return `v1,${digest}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

/** The same for the same call, whenever and by whichever server it is made. */
export function deliveryId(call: {
  readonly rollout: string;
  readonly hook: string;
  readonly occasion: string;
}): string {
  const text = JSON.stringify([call.rollout, call.hook, call.occasion]);
  return `msg_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}
