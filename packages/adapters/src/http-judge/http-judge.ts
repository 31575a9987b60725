import type { Scorer, ScorerAnswer, ScorerIdentity, ScorerSubject } from "@perch/domain";
import { readJudgeAnswer } from "./read-answer.ts";

export type HttpJudgeOptions = ScorerIdentity & {
  readonly url: string;
  /** Names of the scores that it may give. */
  readonly scores: readonly string[];
  /** The header with the secret, looked up for each call; null where none is needed. */
  readonly auth: (() => Promise<{ readonly header: string; readonly value: string }>) | null;
  readonly timeoutMs: number;
};

const MAX_ANSWER_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 3_600_000;
// A secret that is being changed, a judge that is busy or restarting: those pass.
const PASSING: ReadonlySet<number> = new Set([401, 403, 404, 408, 409, 425, 429]);

/**
 * A judge behind a URL: `POST` with the session, answered by `{ "scores": [{ "name", "value", "label"? }], "costUsd"? }`.
 * The subject's id goes along as `idempotency-key`. Redirects are not followed, since the secret would go with them.
 */
export function createHttpJudge(options: HttpJudgeOptions): Scorer {
  const { name, version } = options;
  return {
    name,
    version,
    async score(subject) {
      const headers = await headersOf(options, subject);
      if (headers === null) return unable("its secret could not be read");
      try {
        const answer = await fetch(options.url, {
          method: "POST",
          headers,
          body: JSON.stringify(bodyOf(options, subject)),
          redirect: "error",
          signal: AbortSignal.timeout(options.timeoutMs),
        });
        return await read(answer, options);
      } catch (error) {
        return unable(reasonOf(error));
      }
    },
  };
}

async function headersOf({ auth }: HttpJudgeOptions, { id }: ScorerSubject): Promise<Headers | null> {
  const headers = new Headers({
    "content-type": "application/json",
    accept: "application/json",
    "idempotency-key": id,
  });
  if (auth === null) return headers;
  try {
    const { header, value } = await auth();
    headers.set(header, value);
    return headers;
  } catch {
    return null;
  }
}

function bodyOf({ name, version, scores }: HttpJudgeOptions, { id, agent, turns }: ScorerSubject): unknown {
  return { apiVersion: "perch.dev/v1", kind: "JudgeRequest", id, scorer: { name, version }, scores, agent, turns };
}

async function read(answer: Response, options: HttpJudgeOptions): Promise<ScorerAnswer> {
  if (answer.ok) {
    const text = await textOf(answer);
    if (text === null) return { kind: "unscored", because: `answered more than ${MAX_ANSWER_BYTES} bytes` };
    return readJudgeAnswer(text, options.scores);
  }
  await answer.body?.cancel();
  const because = `answered ${answer.status}`;
  if (answer.status < 500 && !PASSING.has(answer.status)) return { kind: "unscored", because };
  return { kind: "unable", because, retryAfterMs: retryAfterMs(answer.headers.get("retry-after")) };
}

/** Null for more than an answer may have. */
async function textOf({ body }: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function retryAfterMs(header: string | null): number | null {
  if (header === null || !/^\d{1,9}$/.test(header)) return null;
  return Math.min(Number(header) * 1000, LONGEST_RETRY_AFTER_MS);
}

function unable(because: string): ScorerAnswer {
  return { kind: "unable", because, retryAfterMs: null };
}

/** The kind of trouble only: messages of clients may repeat what was sent. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "did not answer in time";
  const cause = error instanceof Error ? error.cause : null;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : null;
  return code === null ? "could not be asked" : `could not be asked (${code})`;
}
