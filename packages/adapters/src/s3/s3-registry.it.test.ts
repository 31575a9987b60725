import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAgentName, parseReleaseReference, type ReleaseRegistry, type ReleaseRepository } from "@perch/domain";
import { aBuiltRelease, describeReleaseRegistry } from "@perch/testkit";
import {
  findVersityGateway,
  S3_CREDENTIALS,
  startHttpFront,
  startS3Server,
  type S3Server,
  type S3ServerKind,
  type SeenRequest,
} from "@perch/testkit/servers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { copyRelease, storeRelease } from "../release-artifact/index.ts";
import {
  generateKeyPair,
  parseSigningKey,
  parseTrustedKey,
  signRelease,
  trustKeys,
  verifyRelease,
} from "../sigstore/index.ts";
import { openAwsBucket } from "./aws-bucket.ts";
import type { S3Location } from "./s3-location.ts";
import { createS3Registry } from "./s3-registry.ts";

const BUCKET = "releases";
const OTHER_BUCKET = "staging";
const REFERENCE = parseReleaseReference("support@1.0.0");
const pair = generateKeyPair();
const key = parseSigningKey(pair.privatePem, "perch.key");
const BY_US = { trust: trustKeys([parseTrustedKey(pair.publicPem, "perch.pub")], "the test"), now: new Date() };

const SERVERS = [
  { kind: "fauxqs", race: "one-stands", isThere: true },
  { kind: "versitygw", race: "one-wins", isThere: findVersityGateway() !== null },
] as const satisfies readonly { kind: S3ServerKind; race: string; isThere: boolean }[];

let scratch = "";
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-s3-test-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", S3_CREDENTIALS.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", S3_CREDENTIALS.secretAccessKey);
});
afterEach(() => vi.unstubAllEnvs());

function freshDirectory(): ReleaseRegistry {
  count += 1;
  return createDirectoryRegistry(join(scratch, `layout-${count}`));
}

function freshPlace(endpoint: string, bucket = BUCKET): S3Location {
  count += 1;
  return { bucket, prefix: `team/${count}`, endpoint, region: "us-east-1", isPathStyle: true };
}

async function aSignedRelease(registry = freshDirectory()): Promise<ReleaseRegistry> {
  await storeRelease(registry, aBuiltRelease());
  await signRelease(registry, REFERENCE, { key, now: new Date("2026-01-02T03:04:05Z") });
  return registry;
}

function support(registry: ReleaseRegistry): ReleaseRepository {
  return registry.repository(REFERENCE.agent);
}

function sentBlobs(seen: readonly SeenRequest[]): readonly string[] {
  const puts = seen.filter(({ method, path }) => method === "PUT" && path.includes("/blobs/sha256/"));
  return puts.map(({ path }) => new URL(path, "http://s3").pathname.split("/").at(-1) ?? "");
}

for (const { kind, race, isThere } of SERVERS) {
  const name = isThere ? kind : `${kind} is not on the PATH, so that nothing is tested with it`;
  describe.skipIf(!isThere)(`S3 registry: ${name}`, () => {
    let server: S3Server;
    beforeAll(async () => {
      server = await startS3Server(kind);
      for (const bucket of [BUCKET, OTHER_BUCKET]) await server.makeBucket(bucket);
    });
    afterAll(async () => server.stop());

    describeReleaseRegistry(kind, { open: async () => createS3Registry(freshPlace(server.endpoint)), race });

    test("eight writers, each with a connection of its own, lose nothing", async () => {
      const place = freshPlace(server.endpoint);
      const releases = Array.from({ length: 8 }, (_, index) => aBuiltRelease({ version: `1.0.${index}` }));
      await Promise.all(releases.map((release) => storeRelease(createS3Registry(place), release)));
      expect(await support(createS3Registry(place)).releases()).toHaveLength(8);
    });

    test("a release goes to the bucket and on to another directory with its signatures and its digest", async () => {
      const from = await aSignedRelease();
      const [bucket, to] = [createS3Registry(freshPlace(server.endpoint)), freshDirectory()];
      const pushed = await copyRelease(from, bucket, REFERENCE);
      const pulled = await copyRelease(bucket, to, REFERENCE);
      expect([pushed, pulled]).toMatchObject(
        [pushed, pulled].map(() => ({ digest: aBuiltRelease().digest, referrers: 1, blobsCopied: 9 })),
      );
      for (const registry of [bucket, to]) {
        expect((await verifyRelease(registry, REFERENCE, BY_US)).signedBy).toEqual([pair.fingerprint]);
      }
    });

    test("a push that is cut off and run again sends only what was missing", async () => {
      const from = await aSignedRelease();
      const arrived = new Set<string>();
      let isBroken = true;
      const front = await startHttpFront(server.endpoint, (request) => {
        const [blob] = sentBlobs([request]);
        if (!isBroken || blob === undefined) return false;
        if (arrived.size < 4) arrived.add(blob);
        return !arrived.has(blob);
      });
      const bucket = createS3Registry({ ...freshPlace(server.endpoint), endpoint: front.endpoint });
      await expect(copyRelease(from, bucket, REFERENCE)).rejects.toMatchObject({ code: "registry_unreachable" });
      expect(await support(bucket).releases()).toEqual([]);
      isBroken = false;
      const before = front.seen.length;
      expect(await copyRelease(from, bucket, REFERENCE)).toMatchObject({ blobsPresent: 4, blobsCopied: 5 });
      const sent = sentBlobs(front.seen.slice(before));
      // Five blobs, the release's OCI manifest and the signature's.
      expect(sent).toHaveLength(7);
      expect(sent.filter((blob) => arrived.has(blob))).toEqual([]);
      expect((await verifyRelease(bucket, REFERENCE, BY_US)).signedBy).toEqual([pair.fingerprint]);
      await front.stop();
    });

    test("a blob altered in the bucket makes verification fail and names the part", async () => {
      const place = freshPlace(server.endpoint);
      const registry = await aSignedRelease(createS3Registry(place));
      const prompt = aBuiltRelease().manifest.components.find(({ kind }) => kind === "prompt");
      const blob = `${place.prefix}/blobs/sha256/${prompt?.digest.slice(7)}`;
      for (const text of ["Help the customer?", "Help", "Help the customer.".repeat(1_000)]) {
        await openAwsBucket(place).write(blob, { bytes: Buffer.from(text), mediaType: "text/plain" }, { kind: "none" });
        await expect(verifyRelease(registry, REFERENCE, BY_US)).rejects.toMatchObject({
          code: "digest_mismatch",
          message: expect.stringContaining('component prompt "system": found altered bytes'),
        });
      }
    });

    test.each([
      ["another prefix", BUCKET],
      ["another bucket", OTHER_BUCKET],
    ])("blobs come from %s of the same server without travelling, but no damaged one", async (_, bucket) => {
      const front = await startHttpFront(server.endpoint);
      const [from, to] = [freshPlace(front.endpoint, bucket), freshPlace(front.endpoint)];
      const source = await aSignedRelease(createS3Registry(from));
      const target = createS3Registry(to);
      const before = front.seen.length;
      expect(await copyRelease(source, target, REFERENCE)).toMatchObject({ blobsTaken: 9, blobsCopied: 0 });
      expect(front.seen.slice(before).filter(({ path }) => path.includes("x-id=CopyObject"))).toHaveLength(9);
      expect((await verifyRelease(target, REFERENCE, BY_US)).signedBy).toEqual([pair.fingerprint]);

      const digest = await support(source).writeBlob(Buffer.from("more"));
      const damaged = `${from.prefix}/blobs/sha256/${digest.slice(7)}`;
      await openAwsBucket(from).write(
        damaged,
        { bytes: Buffer.from("mora"), mediaType: "text/plain" },
        { kind: "none" },
      );
      expect(await support(target).takeBlob({ digest, size: 4 }, support(source))).toBe(false);
      expect(await support(target).hasBlob(digest)).toBe(false);
      await front.stop();
    });

    test("agents under one prefix share their blobs", async () => {
      const registry = createS3Registry(freshPlace(server.endpoint));
      const [sales, agent] = [registry.repository(parseAgentName("sales")), support(registry)];
      const digest = await sales.writeBlob(Buffer.from("shared"));
      expect(await agent.hasBlob(digest)).toBe(true);
      expect(await agent.takeBlob({ digest, size: 6 }, sales)).toBe(true);
      expect(await agent.takeBlob({ digest, size: 7 }, sales)).toBe(false);
    });

    test("a bucket that is not there is refused for reading and for writing", async () => {
      const registry = createS3Registry(freshPlace(server.endpoint, "nowhere"));
      const refusal = {
        code: "registry_refused",
        message: expect.stringMatching(/found no such bucket for s3:\/\/nowhere\/team\/\d+ at http.*NoSuchBucket/),
        hint: expect.stringContaining("create the bucket"),
      };
      await expect(registry.agents()).rejects.toMatchObject(refusal);
      await expect(support(registry).releases()).rejects.toMatchObject(refusal);
      await expect(storeRelease(registry, aBuiltRelease())).rejects.toMatchObject(refusal);
    });
  });
}

describe.skipIf(findVersityGateway() === null)("credentials, which versitygw checks", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3Server("versitygw");
    await server.makeBucket(BUCKET);
  });
  afterAll(async () => server.stop());

  test("an access key that the server does not know is refused", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "NOBODY");
    await expect(support(createS3Registry(freshPlace(server.endpoint))).releases()).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("the credentials refused"),
      hint: expect.stringContaining("AWS_ACCESS_KEY_ID"),
    });
  });

  test("a secret that is not the key's is refused, and is in no message", async () => {
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "hunter2");
    const error: unknown = await support(createS3Registry(freshPlace(server.endpoint)))
      .releases()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("SignatureDoesNotMatch"),
    });
    expect(String(error)).not.toMatch(/hunter2|Signature=/);
  });
});

test("more agents than a page of a list holds are all listed", async () => {
  const server = await startS3Server("fauxqs");
  await server.makeBucket(BUCKET);
  const place = freshPlace(server.endpoint);
  const bucket = openAwsBucket(place);
  const names = Array.from({ length: 1_001 }, (_, index) => `agent-${String(index).padStart(4, "0")}`);
  const object = { bytes: Buffer.from("{}"), mediaType: "application/json" };
  const write = (name: string) => bucket.write(`${place.prefix}/agents/${name}/index.json`, object, { kind: "none" });
  // A request is given up after some time, and a thousand at once wait for one another.
  for (let at = 0; at < names.length; at += 20) await Promise.all(names.slice(at, at + 20).map(write));
  expect(await createS3Registry(place).agents()).toEqual(names);
  await server.stop();
});
