import { unreachable } from "./failure.ts";
import type { Outcome } from "./persist.ts";
import { printable } from "./registry-problem.ts";
import { createTurns } from "./turns.ts";

export type HttpRequest = {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What is read of a successful answer; one byte more shows that there was more. */
  readonly maxBytes: number;
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Where it came from, after redirects. */
  readonly url: string;
};

/** One request and its whole answer. Failed: none came, or the server says that it might do better another time. */
export type Http = (request: HttpRequest) => Promise<Outcome<HttpAnswer>>;

export type HttpOptions = {
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  /** How long an exchange may take, besides the time that its bytes need on a slow line. */
  readonly timeoutMs: number;
};

const SLOWEST_BYTES_PER_MS = 100;
const MAX_ERROR_BYTES = 65_536;
const MOST_AT_ONCE = 8;

export function createHttp(options: HttpOptions): Http {
  const inTurn = createTurns(MOST_AT_ONCE);
  return (request) =>
    inTurn(async () => {
      let answer: HttpAnswer;
      try {
        answer = await exchange(request, options);
      } catch (cause) {
        return { kind: "failed", error: unreachable(request, reasonOf(cause), cause), retryAfterMs: null };
      }
      if (!isPassing(answer.status)) return { kind: "done", value: answer };
      const error = unreachable(request, `status ${answer.status}`);
      return { kind: "failed", error, retryAfterMs: retryAfterMs(answer.headers, options.now()) };
    });
}

async function exchange(request: HttpRequest, { fetch, timeoutMs }: HttpOptions): Promise<HttpAnswer> {
  const { method, url, headers, body, maxBytes } = request;
  const bytes = Math.max(body?.length ?? 0, maxBytes);
  const response = await fetch(url, {
    method,
    // Bytes are counted and hashed as they were stored.
    headers: { "accept-encoding": "identity", "user-agent": "perch", ...headers },
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs + Math.ceil(bytes / SLOWEST_BYTES_PER_MS)),
  });
  const limit = response.ok ? maxBytes : MAX_ERROR_BYTES;
  return { status: response.status, headers: response.headers, body: await readUpTo(response, limit), url };
}

async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, length);
    chunks.push(value);
    length += value.length;
  }
  await reader.cancel();
  return Buffer.concat(chunks, maxBytes + 1);
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

// RFC 9110, 10.2.3: seconds or a date.
function retryAfterMs(headers: Headers, now: number): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

// `fetch` wraps what happened: its own message says only that it failed.
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return "a failure of the network";
  if (cause.name === "TimeoutError") return "no answer in time";
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const told = cause.message.includes(code) ? cause.message : `${code}: ${cause.message}`;
  return `no answer (${printable(told)})`;
}
