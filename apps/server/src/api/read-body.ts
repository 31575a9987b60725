import type { Context } from "hono";
import type { z } from "zod";
import { ApiError } from "./api-error.ts";

const MAX_BODY_BYTES = 1024 * 1024;

/** The request's JSON body in the given form. Throws `ApiError` `body_malformed` with every problem, `body_too_large`. */
export async function readBody<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(context);
  const parsed = schema.safeParse(parseJson(text === "" ? "{}" : text), { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => ({
    message: path.length === 0 ? message : `${path.join(".")}: ${message}`,
  }));
  throw new ApiError({
    status: 400,
    code: "body_malformed",
    message: `the body is not what ${context.req.method} ${context.req.path} takes: ${problems[0]?.message ?? ""}`,
    hint: "correct the places named under problems",
    problems,
  });
}

/** Throws `ApiError` `body_too_large`. */
export async function readText(context: Context): Promise<string> {
  const announced = Number(context.req.header("content-length") ?? 0);
  const text = announced > MAX_BODY_BYTES ? null : await readUpTo(context.req.raw.body, MAX_BODY_BYTES);
  if (text !== null) return text;
  throw new ApiError({
    status: 413,
    code: "body_too_large",
    message: `found a body of more than ${MAX_BODY_BYTES} bytes, expected a smaller one`,
    hint: "send less at once",
  });
}

async function readUpTo(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<string | null> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError({
      status: 400,
      code: "body_malformed",
      message: `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      hint: "send a JSON object",
    });
  }
}
