import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, parseOciManifest, parseReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryRegistry } from "../in-memory/index.ts";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { addToSignatureTag, copyRelease, readSignatureTag, storeRelease } from "../release-artifact/index.ts";
import { inspectAttached } from "./inspect-attached.ts";
import { generateKeyPair, parseSigningKey, type SigningKey } from "./key.ts";
import { signRelease } from "./sign-release.ts";
import { signInTag } from "./simple-signing.ts";
import { trustKeys } from "./trust.ts";
import { verifyRelease } from "./verify-release.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const SUPPORT = parseReleaseReference("support@1.0.0");
const { digest } = aBuiltRelease();
const TAG = `${digest.replace(":", "-")}.sig`;
const key = parseSigningKey(generateKeyPair().privatePem, "k");
const second = parseSigningKey(generateKeyPair().privatePem, "s");
const SIGNATURE = "dev.cosignproject.cosign/signature";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-tag-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

async function signedInTag(keys: readonly SigningKey[], registry = createMemoryRegistry()): Promise<ReleaseRegistry> {
  await storeRelease(registry, aBuiltRelease());
  for (const key of keys) await signInTag(registry.repository(SUPPORT.agent), digest, key);
  return registry;
}

async function signersIn(registry: ReleaseRegistry, keys = [key, second]): Promise<readonly string[]> {
  return (await verifyRelease(registry, SUPPORT, { trust: trustKeys(keys, "the test"), now: NOW })).signedBy;
}

async function rejectionsIn(registry: ReleaseRegistry): Promise<string> {
  const trust = trustKeys([key], "the test");
  const { signatures } = await inspectAttached(registry.repository(SUPPORT.agent), digest, { trust, now: NOW });
  return signatures.notTrusted.join("\n");
}

describe("signatures under the tag", () => {
  test("count without any bundle, each key's own", async () => {
    expect(await signersIn(await signedInTag([key, second]))).toEqual([key.fingerprint, second.fingerprint]);
    await expect(signersIn(await signedInTag([key]), [second])).rejects.toMatchObject({ code: "signature_rejected" });
  });

  test("are made beside the bundle on request, once for each key", async () => {
    const registry = await signedInTag([]);
    const sign = (legacyTag: boolean, by = key): Promise<{ isNew: boolean }> =>
      signRelease(registry, SUPPORT, { key: by, now: NOW, legacyTag });
    expect((await sign(false)).isNew).toBe(true);
    expect(await registry.repository(SUPPORT.agent).readTag(TAG)).toBeNull();
    expect((await sign(true)).isNew).toBe(true);
    expect((await sign(true)).isNew).toBe(false);
    expect((await sign(true, second)).isNew).toBe(true);
    const tag = await readSignatureTag(registry.repository(SUPPORT.agent), digest);
    expect(tag?.manifest.layers).toHaveLength(2);
  });

  test("are layers of an image that cosign can append to", async () => {
    const repository = (await signedInTag([key])).repository(SUPPORT.agent);
    const tag = await readSignatureTag(repository, digest);
    const [layer] = tag?.manifest.layers ?? [];
    expect(tag?.manifest).toMatchObject({
      config: { mediaType: "application/vnd.oci.image.config.v1+json" },
      layers: [
        {
          mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
          annotations: { [SIGNATURE]: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) },
        },
      ],
    });
    const read = async (part = layer): Promise<unknown> =>
      JSON.parse(Buffer.from((await repository.readBlob(part ?? { digest, size: 0 })) ?? []).toString());
    expect(await read()).toEqual({
      critical: {
        identity: { "docker-reference": "support" },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: null,
    });
    expect(await read(tag?.manifest.config)).toMatchObject({ rootfs: { type: "layers", diff_ids: [layer?.digest] } });
  });

  test("go along when a release is copied, and join those that are there", async () => {
    const to = createDirectoryRegistry(join(scratch, "copy"));
    const from = await signedInTag([key]);
    await copyRelease(from, to, SUPPORT);
    const [there, here] = await Promise.all([to, from].map((one) => one.repository(SUPPORT.agent).readTag(TAG)));
    expect(there?.digest).toBe(here?.digest);
    await copyRelease(await signedInTag([second]), to, SUPPORT);
    expect(await signersIn(to)).toEqual([key.fingerprint, second.fingerprint]);
    await copyRelease(from, to, SUPPORT);
    expect((await readSignatureTag(to.repository(SUPPORT.agent), digest))?.manifest.layers).toHaveLength(2);
  });
});

describe("a signature under the tag does not count", () => {
  async function withLayer(payload: string, annotations: Record<string, string>): Promise<string> {
    const registry = await signedInTag([]);
    const repository = registry.repository(SUPPORT.agent);
    const bytes = Buffer.from(payload);
    const mediaType = "application/vnd.dev.cosign.simplesigning.v1+json";
    const layer = { mediaType, size: bytes.length, digest: await repository.writeBlob(bytes), annotations };
    await addToSignatureTag(repository, digest, [layer]);
    return rejectionsIn(registry);
  }

  test.each([
    ["without a signature", {}, "missing or no base64"],
    ["in base64 that is spelled otherwise", { [SIGNATURE]: "AAAA=" }, "missing or no base64"],
    ["of any bytes", { [SIGNATURE]: "AAAA" }, "no trusted key made it"],
    [
      "by a certificate",
      { [SIGNATURE]: "AAAA", "dev.sigstore.cosign/certificate": "PEM" },
      "it names a certificate, which counts in a bundle only",
    ],
  ])("%s", async (_, annotations, reason) => {
    expect(await withLayer("{}", annotations)).toContain(reason);
  });

  test("of another release", async () => {
    const registry = await signedInTag([]);
    const repository = registry.repository(SUPPORT.agent);
    const other = digestOf("another release");
    await signInTag(repository, other, key);
    const tag = await readSignatureTag(repository, other);
    await addToSignatureTag(repository, digest, tag?.manifest.layers ?? []);
    expect(await rejectionsIn(registry)).toContain(`it signs ${other}`);
  });
});

test("any byte altered under the tag makes verification fail, and the message names the part", async () => {
  const directory = join(scratch, "altered");
  const registry = await signedInTag([key], createDirectoryRegistry(directory));
  const repository = registry.repository(SUPPORT.agent);
  const { descriptor } = (await readSignatureTag(repository, digest)) ?? {};
  const manifest = parseOciManifest(
    (await repository.readManifest(descriptor ?? { digest, size: 0 })) ?? new Uint8Array(),
    "it",
  );
  const named: string[] = [];
  for (const part of [descriptor, manifest.config, ...manifest.layers]) {
    const path = join(directory, "blobs", "sha256", part?.digest.slice("sha256:".length) ?? "");
    const original = await readFile(path);
    const altered = Buffer.from(original);
    altered[3] = (altered[3] ?? 0) ^ 0x01;
    await writeFile(path, altered);
    const error: unknown = await signersIn(registry).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "digest_mismatch" });
    named.push(error instanceof Error ? error.message.replace(/ sha256.*/, "") : "");
    await writeFile(path, original);
  }
  expect(named).toEqual(["signature tag", "config of signature tag", "signature payload"]);
  expect(await signersIn(registry)).toEqual([key.fingerprint]);
});

test("a tag whose image cannot be read is not written over", async () => {
  const registry = await signedInTag([]);
  const repository = registry.repository(SUPPORT.agent);
  const config = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    size: 2,
    digest: await repository.writeBlob(Buffer.from("{}")),
  };
  const manifest = { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [] };
  await repository.writeTag(TAG, Buffer.from(JSON.stringify(manifest)));
  await expect(signInTag(repository, digest, key)).rejects.toMatchObject({ code: "layout_invalid" });
});
