import { digestOf, type AgentName, type Digest, type ExpectedBytes, type ReleaseRepository } from "@perch/domain";
import { indexedRepository } from "../oci-index/index.ts";
import { checkBytes } from "../release-artifact/index.ts";
import { createAgentIndex } from "./agent-index.ts";
import type { Bucket, ReadObject } from "./bucket.ts";
import { formatS3Location, type S3Location } from "./s3-location.ts";
import type { Timing } from "./timing.ts";

export type BucketPlace = {
  readonly bucket: Bucket;
  readonly location: S3Location;
  readonly honoursConditions: () => Promise<boolean>;
  readonly timing: Timing;
};

/** Blobs of a bucket that another repository of the same server may take over. */
type S3Repository = ReleaseRepository & {
  readonly blobsIn: S3Location;
  readonly readObject: (expected: ExpectedBytes) => Promise<ReadObject | null>;
};

type Blobs = Pick<S3Repository, "hasBlob" | "readBlob" | "writeBlob" | "takeBlob" | "blobsIn" | "readObject">;

/** The releases of one agent: an index object of its own, and blobs that it shares with every agent under the prefix. */
export function createS3Repository(place: BucketPlace, agent: AgentName): ReleaseRepository {
  const location = `${formatS3Location(place.location)}/${agent}`;
  const blobs = blobsOf(place);
  const key = keyOf(place.location, `agents/${agent}/index.json`);
  const index = createAgentIndex({ ...place, key, location });
  const store = { ...index, readManifest: blobs.readBlob, writeManifest: blobs.writeBlob };
  return { location, ...blobs, ...indexedRepository(store, agent) };
}

function blobsOf({ bucket, location }: BucketPlace): Blobs {
  const where = formatS3Location(location);
  const readObject: Blobs["readObject"] = ({ digest, size }) => bucket.read(blobKey(location, digest), size);
  return {
    blobsIn: location,
    readObject,
    hasBlob: async (digest) => (await bucket.size(blobKey(location, digest))) !== null,
    async readBlob(expected) {
      const held = await readObject(expected);
      return held === null ? null : checkBytes(held.bytes, expected, where);
    },
    async writeBlob(bytes) {
      const digest = digestOf(bytes);
      const key = blobKey(location, digest);
      if ((await bucket.size(key)) === bytes.length) return digest;
      await bucket.write(key, { bytes, mediaType: "application/octet-stream" }, { kind: "none" });
      return digest;
    },
    async takeBlob(expected, from) {
      if (!isS3Repository(from) || from.blobsIn.endpoint !== location.endpoint) return false;
      const key = blobKey(location, expected.digest);
      const source = { bucket: from.blobsIn.bucket, key: blobKey(from.blobsIn, expected.digest) };
      if (source.bucket !== location.bucket || source.key !== key) {
        // Checked before it is copied: a damaged blob would stand in the way of the right one later.
        const held = await from.readObject(expected);
        if (held === null || !isExpected(held.bytes, expected)) return false;
        if (!(await bucket.copy(key, { ...source, etag: held.etag }))) return false;
      }
      return (await bucket.size(key)) === expected.size;
    },
  };
}

function isS3Repository(repository: ReleaseRepository): repository is S3Repository {
  return "blobsIn" in repository && "readObject" in repository;
}

function isExpected(bytes: Uint8Array, { digest, size }: ExpectedBytes): boolean {
  return bytes.length === size && digestOf(bytes) === digest;
}

function blobKey(location: S3Location, digest: Digest): string {
  return keyOf(location, `blobs/sha256/${digest.slice("sha256:".length)}`);
}

export function keyOf({ prefix }: Pick<S3Location, "prefix">, name: string): string {
  return prefix === "" ? name : `${prefix}/${name}`;
}
