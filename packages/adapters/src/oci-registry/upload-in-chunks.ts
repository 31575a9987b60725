import { refused, refusedAnswer } from "./failure.ts";
import type { HttpAnswer } from "./http.ts";
import type { Outcome } from "./persist.ts";
import {
  beginUpload,
  finishUpload,
  LOST,
  nextLocation,
  pushScopes,
  type Content,
  type UploadDeps,
} from "./upload-session.ts";

/** How far an upload has come. */
type Progress = {
  readonly location: string;
  readonly offset: number;
  readonly chunkBytes: number;
  /** How often the registry lost an upload of this blob, so that it began again. */
  readonly losses: number;
};

const MOST_LOSSES = 3;

/**
 * Sends a blob chunk by chunk, in order. A chunk that fails is resumed from where the registry says it is; an upload that
 * it no longer knows is begun again.
 */
export async function uploadInChunks(deps: UploadDeps, content: Content): Promise<void> {
  const { client } = deps;
  let progress = await client.persist(() => begin(deps, 0));
  while (progress.offset < content.bytes.length) {
    let current = progress;
    progress = await client.persist(async (attempt) => {
      const found = attempt === 0 ? done(current) : await resume(deps, current);
      if (found.kind === "failed") return found;
      current = found.value;
      return sendChunk(deps, content, current);
    });
  }
  const { location } = progress;
  await client.persist(async (attempt) => {
    if (attempt > 0 && (await deps.hasBlob(content.digest))) return done(null);
    return finishUpload(deps, location, { bytes: new Uint8Array(0), digest: content.digest });
  });
}

async function begin(deps: UploadDeps, losses: number): Promise<Outcome<Progress>> {
  const begun = await beginUpload(deps);
  if (begun.kind === "failed") return begun;
  const { location, minChunkBytes } = begun.value;
  return done({ location, offset: 0, chunkBytes: Math.max(deps.chunkBytes, minChunkBytes), losses });
}

async function sendChunk(deps: UploadDeps, { bytes }: Content, progress: Progress): Promise<Outcome<Progress>> {
  const { location, offset, chunkBytes } = progress;
  const chunk = bytes.subarray(offset, offset + chunkBytes);
  // A registry took the last chunk although it did not say so.
  if (chunk.length === 0) return done(progress);
  const end = offset + chunk.length;
  const request = {
    method: "PATCH",
    url: location,
    scopes: pushScopes(deps.repository),
    statuses: [200, 201, 202, 204, ...LOST],
    headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${end - 1}` },
    body: chunk,
  } as const;
  const outcome = await deps.client.try(request);
  if (outcome.kind === "failed") return outcome;
  const { value: answer } = outcome;
  if (LOST.includes(answer.status)) {
    return { kind: "failed", error: refusedAnswer(request, answer), retryAfterMs: null };
  }
  const reached = reachedOffset(answer) ?? end;
  if (reached > offset && reached <= end) return done({ ...progress, location: nextLocation(answer), offset: reached });
  const error = refused({
    message: `${new URL(answer.url).host} says that it has ${reached} bytes of an upload, expected ${end}`,
    hint: "another writer cannot be in the same upload: is something between you and the registry repeating requests?",
  });
  return { kind: "failed", error, retryAfterMs: null };
}

async function resume(deps: UploadDeps, progress: Progress): Promise<Outcome<Progress>> {
  const outcome = await deps.client.try({
    method: "GET",
    url: progress.location,
    scopes: pushScopes(deps.repository),
    statuses: [200, 202, 204, ...LOST],
  });
  if (outcome.kind === "failed") return outcome;
  const { value: answer } = outcome;
  const offset = LOST.includes(answer.status) ? null : reachedOffset(answer);
  // The range 0-0 is one byte or none: what cannot be told is not built upon.
  if (offset !== null && offset > 1) {
    const location = answer.headers.has("location") ? nextLocation(answer) : progress.location;
    return done({ ...progress, location, offset });
  }
  if (progress.losses === MOST_LOSSES) throw lostTooOften(answer);
  return begin(deps, progress.losses + 1);
}

function reachedOffset({ headers }: HttpAnswer): number | null {
  const last = /^(?:bytes[= ])?0-(\d{1,15})$/.exec(headers.get("range")?.trim() ?? "")?.[1];
  return last === undefined ? null : Number(last) + 1;
}

function lostTooOften({ url }: HttpAnswer): Error {
  return refused({
    message: `${new URL(url).host} lost an upload ${MOST_LOSSES + 1} times, expected it to be kept until it is complete`,
    hint: "are there several servers behind this name that do not share their uploads? Ask whoever runs it",
  });
}

function done<T>(value: T): Outcome<T> {
  return { kind: "done", value };
}
