import type { Problem } from "@perch/api";
import type { ServerResponse } from "node:http";

/** An answer that the gateway itself gives instead of the agent's. */
export type Refusal = Problem["error"] & { readonly status: number };

export function sendProblem(
  response: ServerResponse,
  { status, ...error }: Refusal,
  headers: readonly string[] = [],
): number {
  return sendJson(response, { status, body: { error } satisfies Problem, headers });
}

/** Says how many bytes the body has. */
export function sendJson(
  response: ServerResponse,
  { status, body, headers = [] }: { status: number; body: unknown; headers?: readonly string[] },
): number {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, [
    ...headers,
    "content-type",
    "application/json; charset=utf-8",
    "content-length",
    String(bytes.byteLength),
    "cache-control",
    "no-store",
    // Whatever of the request was not read would be taken for the next one.
    ...(response.req.complete ? [] : ["connection", "close"]),
  ]);
  response.end(bytes);
  return bytes.byteLength;
}
