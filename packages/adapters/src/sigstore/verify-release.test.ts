import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseOciManifest, parseReleaseReference, type Descriptor, type ReleaseRegistry } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryRegistry } from "../in-memory/registry.ts";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { copyRelease, storeRelease } from "../release-artifact/index.ts";
import { signStatement } from "./bundle.ts";
import { generateKeyPair, parseSigningKey, parseTrustedKey } from "./key.ts";
import { signRelease } from "./sign-release.ts";
import { formatStatement, SIGN_PREDICATE } from "./statement.ts";
import { trustKeys, trustNobody, type Trust } from "./trust.ts";
import { createVerifiedReleaseSource } from "./verified-release-source.ts";
import { verifyRelease as verify, type VerifiedRelease } from "./verify-release.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const SUPPORT = parseReleaseReference("support@1.0.0");
const mine = generateKeyPair();
const theirs = generateKeyPair();
const key = parseSigningKey(mine.privatePem, "perch.key");
const trusted = parseTrustedKey(mine.publicPem, "perch.pub");
const stranger = parseTrustedKey(theirs.publicPem, "stranger.pub");

function verifyRelease(
  registry: ReleaseRegistry,
  reference: typeof SUPPORT,
  keys: readonly (typeof trusted)[],
): Promise<VerifiedRelease> {
  return verifyBy(registry, reference, trustKeys(keys, "the test"));
}
function verifyBy(registry: ReleaseRegistry, reference: typeof SUPPORT, trust: Trust): Promise<VerifiedRelease> {
  return verify(registry, reference, { trust, now: NOW });
}

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-sign-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

async function aSignedRelease(registry: ReleaseRegistry): Promise<ReleaseRegistry> {
  await storeRelease(registry, aBuiltRelease());
  await signRelease(registry, SUPPORT, { key, now: NOW });
  return registry;
}

describe("verification", () => {
  test("passes for a release that a trusted key signed", async () => {
    const registry = await aSignedRelease(createMemoryRegistry());
    const verified = await verifyRelease(registry, SUPPORT, [stranger, trusted]);
    expect(verified.signedBy).toEqual([mine.fingerprint]);
  });

  test("fails for an unsigned release", async () => {
    const registry = createMemoryRegistry();
    await storeRelease(registry, aBuiltRelease());
    await expect(verifyRelease(registry, SUPPORT, [trusted])).rejects.toMatchObject({
      code: "unsigned",
      hint: expect.stringContaining("perch release sign support@1.0.0"),
    });
  });

  test("fails for a signature by a key that is not trusted, naming that key", async () => {
    const registry = await aSignedRelease(createMemoryRegistry());
    await expect(verifyRelease(registry, SUPPORT, [stranger])).rejects.toMatchObject({
      code: "signature_rejected",
      message: expect.stringContaining(`it names key ${mine.fingerprint}`),
    });
  });

  test("fails when nobody is trusted", async () => {
    const registry = await aSignedRelease(createMemoryRegistry());
    await expect(verifyRelease(registry, SUPPORT, [])).rejects.toMatchObject({ code: "signature_rejected" });
    await expect(verifyBy(registry, SUPPORT, trustNobody("nothing"))).rejects.toMatchObject({
      code: "signature_rejected",
      message: expect.stringContaining("found no rule for support"),
    });
  });

  test("fails for a good signature of another release that was attached to this one", async () => {
    const registry = await aSignedRelease(createMemoryRegistry());
    const other = await storeRelease(registry, aBuiltRelease({ version: "1.0.1" }));
    const repository = registry.repository(SUPPORT.agent);
    for (const signature of await repository.referrers(aBuiltRelease().digest)) {
      const manifest = parseOciManifest((await repository.readManifest(signature)) ?? new Uint8Array(), "it");
      const moved = { ...manifest, subject: { ...manifest.subject, digest: other.digest, size: other.size } };
      await repository.addReferrer(Buffer.from(JSON.stringify(moved)));
    }
    await expect(verifyRelease(registry, parseReleaseReference("support@1.0.1"), [trusted])).rejects.toMatchObject({
      code: "signature_rejected",
      message: expect.stringContaining("it signs sha256:"),
    });
  });
});

test("any byte altered in any blob makes verification fail, and the message names the part", async () => {
  const directory = join(scratch, "altered");
  const registry = await aSignedRelease(createDirectoryRegistry(directory));
  await verifyRelease(registry, SUPPORT, [trusted]);
  const blobs = join(directory, "blobs", "sha256");
  const named: string[] = [];
  for (const name of await readdir(blobs)) {
    const original = await readFile(join(blobs, name));
    for (const position of [0, Math.floor(original.length / 2), original.length - 1]) {
      const altered = Buffer.from(original);
      altered[position] = (altered[position] ?? 0) ^ 0x01;
      await writeFile(join(blobs, name), altered);
      const error: unknown = await verifyRelease(registry, SUPPORT, [trusted]).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: "ReleaseError", code: "digest_mismatch" });
      named.push(error instanceof Error ? (error.message.split(":")[0] ?? "") : "");
    }
    await writeFile(join(blobs, name), original);
  }
  expect([...new Set(named.map((text) => text.replace(/ sha256$/, "")))].sort()).toEqual([
    "component model",
    "component orchestration",
    "component policy",
    'component prompt "system"',
    'component tool "escalate"',
    'component tool "refund"',
    "config of signature manifest",
    "signature bundle",
    "signature manifest",
    "the OCI manifest",
    "the release manifest",
  ]);
  await verifyRelease(registry, SUPPORT, [trusted]);
});

test("a missing blob is named too", async () => {
  const directory = join(scratch, "missing");
  const registry = await aSignedRelease(createDirectoryRegistry(directory));
  const prompt = aBuiltRelease().manifest.components.find(({ kind }) => kind === "prompt")?.digest ?? "";
  await rm(join(directory, "blobs", "sha256", prompt.replace("sha256:", "")));
  await expect(verifyRelease(registry, SUPPORT, [trusted])).rejects.toMatchObject({
    code: "digest_mismatch",
    message: expect.stringContaining('component prompt "system": found no bytes'),
  });
});

test("damage to another release's signature does not stop this one", async () => {
  const directory = join(scratch, "neighbour");
  const registry = await aSignedRelease(createDirectoryRegistry(directory));
  await storeRelease(registry, aBuiltRelease({ version: "1.0.1" }));
  await signRelease(registry, parseReleaseReference("support@1.0.1"), { key, now: NOW });
  const [signature] = await registry.repository(SUPPORT.agent).referrers(aBuiltRelease().digest);
  await writeFile(join(directory, "blobs", "sha256", signature?.digest.slice(7) ?? ""), "damaged");
  await verifyRelease(registry, parseReleaseReference("support@1.0.1"), [trusted]);
});

test("signing again with the same key adds nothing, with another key a second signature", async () => {
  const registry = await aSignedRelease(createMemoryRegistry());
  const { digest, isNew } = await signRelease(registry, SUPPORT, { key, now: NOW });
  expect(isNew).toBe(false);
  const second = await signRelease(registry, SUPPORT, { key: parseSigningKey(theirs.privatePem, "k"), now: NOW });
  expect(second).toMatchObject({ isNew: true, signedBy: theirs.fingerprint });
  expect(await registry.repository(SUPPORT.agent).referrers(digest)).toHaveLength(2);
  expect((await verifyRelease(registry, SUPPORT, [stranger])).signedBy).toEqual([theirs.fingerprint]);
});

test("a signature goes along when a release is copied", async () => {
  const to = createDirectoryRegistry(join(scratch, "copy"));
  const copied = await copyRelease(await aSignedRelease(createMemoryRegistry()), to, SUPPORT);
  expect(copied.referrers).toBe(1);
  expect((await verifyRelease(to, SUPPORT, [trusted])).signedBy).toEqual([mine.fingerprint]);
});

test("a signature is a cosign image signature: referrer with subject, bundle v0.3, in-toto statement", async () => {
  const registry = await aSignedRelease(createMemoryRegistry());
  const { digest, ociManifest } = aBuiltRelease();
  const repository = registry.repository(SUPPORT.agent);
  const [referrer] = await repository.referrers(digest);
  const json = (bytes: Uint8Array | null): unknown => JSON.parse(Buffer.from(bytes ?? []).toString());
  const manifest = json(await repository.readManifest(referrer ?? { digest, size: 0 })) as { layers: Descriptor[] };
  expect(manifest).toMatchObject({
    artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    config: { mediaType: "application/vnd.oci.empty.v1+json", size: 2 },
    subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: ociManifest.length },
    annotations: { "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1" },
  });
  const bundle = json(await repository.readBlob(manifest.layers[0] ?? { digest, size: 0 })) as {
    dsseEnvelope: { payload: string; signatures: unknown };
  };
  expect(bundle.dsseEnvelope.signatures).toEqual([{ sig: expect.any(String) }]);
  expect(bundle).toMatchObject({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    dsseEnvelope: { payloadType: "application/vnd.in-toto+json" },
  });
  expect(JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString())).toEqual({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: digest.slice(7) } }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
  });
});

test("OpenSSL, an independent implementation, accepts the signature over the DSSE encoding", async () => {
  const statement = formatStatement(aBuiltRelease().digest, { predicateType: SIGN_PREDICATE, predicate: {} });
  const bundle = JSON.parse(Buffer.from(signStatement(statement, key)).toString()) as {
    dsseEnvelope: { payload: string; signatures: [{ sig: string }] };
  };
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  await writeFile(join(scratch, "pae"), `DSSEv1 28 application/vnd.in-toto+json ${payload.length} ${payload}`);
  await writeFile(join(scratch, "sig"), Buffer.from(bundle.dsseEnvelope.signatures[0].sig, "base64"));
  await writeFile(join(scratch, "pub"), mine.publicPem);
  const openssl = spawnSync("openssl", ["dgst", "-sha256", "-verify", "pub", "-signature", "sig", "pae"], {
    cwd: scratch,
  });
  if (openssl.error !== undefined) return;
  expect(openssl.stdout.toString().trim()).toBe("Verified OK");
});

describe("the verified release source", () => {
  test("admits a signed release with its policy", async () => {
    const trustDirectory = join(scratch, "trust");
    const registry = await aSignedRelease(createDirectoryRegistry(join(scratch, "source")));
    await mkdir(trustDirectory);
    await writeFile(join(trustDirectory, "me.pub"), mine.publicPem);
    const source = createVerifiedReleaseSource({ registry, trustDirectory, now: () => NOW });
    expect(await source.admit(SUPPORT)).toEqual({
      agent: "support",
      version: "1.0.0",
      digest: aBuiltRelease().digest,
      policy: { escalationTools: ["escalate"], successTools: ["refund"] },
      signedBy: [mine.fingerprint],
    });
  });

  test.each(["no-such-directory", "empty-directory"])(
    "refuses everything when the trust directory is %s",
    async (name) => {
      const registry = await aSignedRelease(createMemoryRegistry());
      if (name === "empty-directory") await mkdir(join(scratch, name));
      const source = createVerifiedReleaseSource({ registry, trustDirectory: join(scratch, name), now: () => NOW });
      await expect(source.admit(SUPPORT)).rejects.toMatchObject({
        code: "key_invalid",
        hint: expect.stringContaining("perch key trust"),
      });
    },
  );
});
