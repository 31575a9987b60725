import type { Digest } from "@perch/domain";
import { refused, refusedAnswer } from "./failure.ts";
import type { HttpAnswer } from "./http.ts";
import type { Outcome } from "./persist.ts";
import type { RegistryClient, RegistryRequest } from "./registry-client.ts";
import { resolveUrl } from "./resolve-url.ts";

export type UploadDeps = {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly chunkBytes: number;
  readonly hasBlob: (digest: Digest) => Promise<boolean>;
};

export type Content = { readonly bytes: Uint8Array; readonly digest: Digest };

/** An upload that a registry has begun; the place to send to changes with every answer. */
export type Upload = { readonly location: string; readonly minChunkBytes: number };

/** What says that an upload is no more, or not what was sent: begin another one. */
export const LOST = [400, 404, 416];

export async function beginUpload({ client, repository }: UploadDeps): Promise<Outcome<Upload>> {
  const url = `/v2/${repository}/blobs/uploads/`;
  const outcome = await client.try({ method: "POST", url, scopes: pushScopes(repository), statuses: [202] });
  if (outcome.kind === "failed") return outcome;
  const minimum = outcome.value.headers.get("oci-chunk-min-length") ?? "";
  const minChunkBytes = /^\d{1,12}$/.test(minimum) ? Number(minimum) : 0;
  return { kind: "done", value: { location: nextLocation(outcome.value), minChunkBytes } };
}

/** Ends an upload with the bytes that are still missing, if any; the registry compares the digest. */
export async function finishUpload(
  { client, repository }: UploadDeps,
  location: string,
  { bytes, digest }: Content,
): Promise<Outcome<null>> {
  const request: RegistryRequest = {
    method: "PUT",
    // Appended as text: a place to send to may be signed as it is spelled.
    url: `${location}${location.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`,
    scopes: pushScopes(repository),
    statuses: [200, 201, 202, 204, ...LOST],
    headers: { "content-type": "application/octet-stream" },
    body: bytes,
  };
  const outcome = await client.try(request);
  if (outcome.kind === "failed") return outcome;
  if (!LOST.includes(outcome.value.status)) return { kind: "done", value: null };
  return { kind: "failed", error: refusedAnswer(request, outcome.value), retryAfterMs: null };
}

export function pushScopes(repository: string): readonly string[] {
  return [`repository:${repository}:pull,push`];
}

export function nextLocation({ headers, url, status }: HttpAnswer): string {
  const location = headers.get("location");
  if (location !== null) return resolveUrl(location, url);
  throw refused({
    message: `${new URL(url).host} answered an upload with status ${status} and no Location, expected one`,
    hint: "is this an OCI registry?",
  });
}
