import { digestOf, OCI_MANIFEST_TYPE, ReleaseError, type Digest, type ExpectedBytes } from "@perch/domain";
import { checkBytes } from "../release-artifact/index.ts";
import type { HttpAnswer } from "./http.ts";
import { MAX_DOCUMENT_BYTES, mediaTypeOf, requireNoPage, requireSize, unfit } from "./json-answer.ts";
import { requireShallow } from "./json-depth.ts";
import type { Outcome } from "./persist.ts";
import type { RegistryClient, RegistryRequest } from "./registry-client.ts";
import { refused, refusedAnswer } from "./failure.ts";

export const OCI_INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
// All that may stand under a tag, so that a registry shows what is there and does not convert it.
const ACCEPT = [
  OCI_MANIFEST_TYPE,
  OCI_INDEX_TYPE,
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

/** A manifest of any kind, its digest made from its very bytes. */
export type HeldManifest = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly bytes: Uint8Array;
};

/** The manifests of one repository. */
export type Manifests = {
  /** By tag or digest; null when unknown. */
  read(reference: string): Promise<HeldManifest | null>;
  readExpected(expected: ExpectedBytes): Promise<Uint8Array | null>;
  /** Under a tag, or under its own digest. */
  write(reference: string, bytes: Uint8Array, mediaType?: string): Promise<HttpAnswer>;
  /** One try of it, for who has to look at the tag again before another one. */
  tryWrite(reference: string, bytes: Uint8Array): Promise<Outcome<HttpAnswer>>;
};

export type ManifestsOptions = {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly location: string;
};

export function createManifests(options: ManifestsOptions): Manifests {
  const { location } = options;
  return {
    async read(reference) {
      const answer = await get(options, reference, MAX_DOCUMENT_BYTES);
      if (answer === null) return null;
      requireSize(answer, "a manifest");
      requireShallow(answer.body, `a manifest at ${location}`);
      const digest = digestOf(answer.body);
      requireSameDigest(answer, digest, location);
      return { mediaType: mediaTypeOf(answer), digest, size: answer.body.length, bytes: answer.body };
    },
    async readExpected(expected) {
      requirePossibleSize(expected.size, location);
      const answer = await get(options, expected.digest, expected.size);
      if (answer === null) return null;
      if (![OCI_MANIFEST_TYPE, OCI_INDEX_TYPE].includes(mediaTypeOf(answer))) throw wrongType(answer);
      const bytes = checkBytes(answer.body, expected, location);
      requireSameDigest(answer, expected.digest, location);
      requireShallow(bytes, `a manifest at ${location}`);
      return bytes;
    },
    write: (reference, bytes, mediaType = OCI_MANIFEST_TYPE) =>
      options.client.persist(() => put(options, reference, { bytes, mediaType })),
    tryWrite: (reference, bytes) => put(options, reference, { bytes, mediaType: OCI_MANIFEST_TYPE }),
  };
}

async function get(
  { client, repository }: ManifestsOptions,
  reference: string,
  maxBytes: number,
): Promise<HttpAnswer | null> {
  const answer = await client.send({
    method: "GET",
    url: urlOf(repository, reference),
    scopes: [`repository:${repository}:pull`],
    statuses: [200, 404],
    headers: { accept: ACCEPT },
    maxBytes,
  });
  requireNoPage(answer, "a manifest");
  if (answer.status === 404) return null;
  if (!mediaTypeOf(answer).startsWith("application/vnd.")) throw wrongType(answer);
  return answer;
}

async function put(
  { client, repository, location }: ManifestsOptions,
  reference: string,
  { bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string },
): Promise<Outcome<HttpAnswer>> {
  requirePossibleSize(bytes.length, location);
  const digest = digestOf(bytes);
  const request: RegistryRequest = {
    method: "PUT",
    url: urlOf(repository, reference),
    scopes: [`repository:${repository}:pull,push`],
    statuses: [200, 201, 202, 400],
    headers: { "content-type": mediaType },
    body: bytes,
  };
  const outcome = await client.try(request);
  if (outcome.kind === "failed") return outcome;
  const { value: answer } = outcome;
  if (answer.status !== 400) {
    requireSameDigest(answer, digest, location);
    return outcome;
  }
  const error = refusedAnswer({ method: "PUT", url: answer.url }, answer);
  // There was no digest, or it was made of these very bytes: this is how the Distribution project's registry fails writers
  // that meet at one manifest.
  if (error.message.includes("(DIGEST_INVALID")) {
    return { kind: "failed", error, retryAfterMs: null };
  }
  throw error;
}

function urlOf(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${encodeURIComponent(reference)}`;
}

function wrongType(answer: HttpAnswer): Error {
  return unfit(answer, `a manifest (${OCI_MANIFEST_TYPE})`, `the media type ${mediaTypeOf(answer) || "of nothing"}`);
}

// Only what is converted on the way, which OCI manifests are not, may be announced with another digest.
function requireSameDigest({ headers }: HttpAnswer, digest: Digest, location: string): void {
  const announced = headers.get("docker-content-digest") ?? digest;
  if (announced === digest || !announced.startsWith("sha256:")) return;
  throw new ReleaseError({
    code: "digest_mismatch",
    message: `found a manifest with digest ${digest} in ${location}, which the registry announces as ${announced.slice(0, 80)}`,
    hint: "something between you and the registry alters what passes; do not use what was read",
  });
}

function requirePossibleSize(size: number, location: string): void {
  if (size <= MAX_DOCUMENT_BYTES) return;
  throw refused({
    message: `found a manifest of ${size} bytes for ${location}, expected at most ${MAX_DOCUMENT_BYTES}`,
    hint: "registries keep no larger ones: a release of this size has too many components",
  });
}
