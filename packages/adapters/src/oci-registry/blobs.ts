import { digestOf, ReleaseError, type Digest, type ExpectedBytes, type ReleaseRepository } from "@perch/domain";
import { checkBytes } from "../release-artifact/index.ts";
import { refused } from "./failure.ts";
import { isOciLocation, parseOciLocation } from "./oci-location.ts";
import type { RegistryClient } from "./registry-client.ts";
import { resolveUrl } from "./resolve-url.ts";
import { uploadBlob } from "./upload.ts";

// What is held in memory at once; a release that needs more names an image or a store instead of holding it.
const MAX_BLOB_BYTES = 1_073_741_824;

export type BlobsOptions = {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly location: string;
  /** A larger blob is sent in chunks of this size. */
  readonly chunkBytes: number;
};

/** The blobs of one repository. */
export function createBlobs(
  options: BlobsOptions,
): Pick<ReleaseRepository, "hasBlob" | "readBlob" | "writeBlob" | "takeBlob"> {
  const { client, repository, location, chunkBytes } = options;
  const scopes = [`repository:${repository}:pull`];
  const urlOf = (digest: Digest): string => `/v2/${repository}/blobs/${digest}`;
  const hasBlob = async (digest: Digest): Promise<boolean> =>
    (await client.send({ method: "HEAD", url: urlOf(digest), scopes, statuses: [200, 404] })).status === 200;
  return {
    hasBlob,
    async readBlob(expected) {
      requirePossibleSize(expected.size, location);
      const { digest, size: maxBytes } = expected;
      const answer = await client.send({ method: "GET", url: urlOf(digest), scopes, statuses: [200, 404], maxBytes });
      return answer.status === 404 ? null : checkBytes(answer.body, expected, location);
    },
    async writeBlob(bytes) {
      requirePossibleSize(bytes.length, location);
      const digest = digestOf(bytes);
      if (!(await hasBlob(digest))) await uploadBlob({ client, repository, chunkBytes, hasBlob }, { bytes, digest });
      return digest;
    },
    takeBlob: (expected, from) => mountBlob(options, expected, from),
  };
}

async function mountBlob(
  { client, repository }: BlobsOptions,
  { digest }: ExpectedBytes,
  from: ReleaseRepository,
): Promise<boolean> {
  if (!isOciLocation(from.location)) return false;
  const { origin, path: source } = parseOciLocation(from.location);
  if (origin !== client.origin) return false;
  const pushing = `repository:${repository}:pull,push`;
  const scopes = [pushing, `repository:${source}:pull`];
  const query = new URLSearchParams({ mount: digest, from: source });
  try {
    const url = `/v2/${repository}/blobs/uploads/?${query.toString()}`;
    const { status, headers, url: base } = await client.send({ method: "POST", url, scopes, statuses: [201, 202] });
    if (status === 201) return true;
    // It began an upload instead. Whether ending that one succeeds is no matter: a registry sweeps what is left over.
    const begun = headers.get("location");
    if (begun !== null) {
      await client.try({ method: "DELETE", url: resolveUrl(begun, base), scopes: [pushing], statuses: ANY_ANSWER });
    }
    return false;
  } catch (error) {
    // Not every registry lets everybody mount; if writing is refused as well, writing will say so.
    if (error instanceof ReleaseError && error.code === "registry_refused") return false;
    throw error;
  }
}

const ANY_ANSWER = [200, 202, 204, 400, 404, 405, 416];

function requirePossibleSize(size: number, location: string): void {
  if (size <= MAX_BLOB_BYTES) return;
  throw refused({
    message: `found a blob of ${size} bytes for ${location}, expected at most ${MAX_BLOB_BYTES}`,
    hint: "keep what is this large in an image or a store that the release refers to by digest",
  });
}
