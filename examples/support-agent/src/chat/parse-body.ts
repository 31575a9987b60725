import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { Problem } from "./problem.ts";

export type Parsed<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "rejected"; readonly status: number; readonly problem: Problem };

const MAX_BODY_BYTES = 64 * 1024;

const sessionId = z.string().min(1).max(200);
export const chatBody = z.object({ sessionId, message: z.string().trim().min(1).max(4000) });
export const endBody = z.object({ sessionId });

/** Reads a JSON body and checks it. The message names every field that is wrong, never what it contained. */
export async function parseBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<Parsed<T>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) {
    const message = `the body has ${bytes} bytes, expected at most ${MAX_BODY_BYTES}`;
    return rejected(413, { code: "body_too_large", message, hint: "send a shorter message" });
  }
  const json = parseJson(Buffer.concat(chunks).toString("utf8"));
  if (json === undefined) {
    const hint = "send an object with content-type application/json";
    return rejected(400, { code: "body_not_json", message: "the body is not JSON", hint });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: "value", value: parsed.data };
  const message = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`).join("; ");
  return rejected(400, { code: "body_invalid", message, hint: 'expected {"sessionId": "…", "message": "…"}' });
}

function rejected(status: number, problem: Problem): Parsed<never> {
  return { kind: "rejected", status, problem };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // `undefined` cannot come out of JSON, so it is free to mean "not JSON".
    return undefined;
  }
}
