import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  digestOf,
  EMPTY_CONFIG,
  OCI_MANIFEST_TYPE,
  parseReleaseReference,
  referrerOciManifest,
  type Descriptor,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryRegistry } from "../in-memory/index.ts";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { copyRelease, storeRelease } from "../release-artifact/index.ts";
import { attestRelease, PREDICATE_TYPES } from "./attest-release.ts";
import { BUNDLE_TYPE } from "./bundle.ts";
import { inspectAttached, type InspectedAttached } from "./inspect-attached.ts";
import { generateKeyPair, parseSigningKey } from "./key.ts";
import { countAttached } from "./referrers.ts";
import { signRelease } from "./sign-release.ts";
import { createKeySigner } from "./statement-signer.ts";
import { trustKeys } from "./trust.ts";
import { verifyRelease } from "./verify-release.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const SUPPORT = parseReleaseReference("support@1.0.0");
const { digest } = aBuiltRelease();
const key = parseSigningKey(generateKeyPair().privatePem, "k");
const stranger = parseSigningKey(generateKeyPair().privatePem, "s");
const trust = trustKeys([key], "the test");
const PROVENANCE = {
  type: "provenance",
  predicate: {
    buildDefinition: { buildType: "https://perch.dev/build/v1", externalParameters: {} },
    runDetails: { builder: { id: "https://ci.example" } },
  },
};

type Json = Record<string, unknown>;

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-attest-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

async function aRelease(registry: ReleaseRegistry = createMemoryRegistry()): Promise<ReleaseRegistry> {
  await storeRelease(registry, aBuiltRelease());
  return registry;
}

type Said = { readonly type: string; readonly predicate: unknown };

async function attest(registry: ReleaseRegistry, said: Said, by = key): Promise<void> {
  await attestRelease(registry, SUPPORT, { ...said, signer: createKeySigner(by), now: NOW });
}

function inspect(registry: ReleaseRegistry): Promise<InspectedAttached> {
  return inspectAttached(registry.repository(SUPPORT.agent), digest, { trust, now: NOW });
}

/** What another tool might attach. */
async function attachForeign(registry: ReleaseRegistry, artifactType: string, bytes: Uint8Array): Promise<Descriptor> {
  const repository = registry.repository(SUPPORT.agent);
  const manifest = referrerOciManifest({
    subject: {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest,
      size: aBuiltRelease().ociManifest.length,
    },
    artifactType,
    blob: { digest: await repository.writeBlob(bytes), size: bytes.length },
    config: { digest: await repository.writeBlob(EMPTY_CONFIG), size: EMPTY_CONFIG.length },
    annotations: {},
  });
  return repository.addReferrer(manifest);
}

describe("an attestation", () => {
  test("is listed with its type, who signed it, whether that one is trusted, and when", async () => {
    const registry = await aRelease();
    await attest(registry, PROVENANCE);
    await attest(registry, { type: "evaluation", predicate: { result: "PASSED", configuration: [] } }, stranger);
    await attest(registry, { type: "https://acme.example/review", predicate: { by: "qa" } });
    const { attestations, signatures } = await inspect(registry);
    expect(signatures).toEqual({ trusted: [], notTrusted: [] });
    const createdAt = NOW.toISOString();
    const trusted = { signer: `key ${key.fingerprint}`, trusted: true, reason: null, createdAt };
    expect(attestations).toMatchObject([
      { predicateType: PREDICATE_TYPES.provenance, ...trusted },
      {
        predicateType: PREDICATE_TYPES.evaluation,
        signer: null,
        trusted: false,
        reason: `no trusted key made it; it names key ${stranger.fingerprint}`,
        createdAt,
      },
      { predicateType: "https://acme.example/review", ...trusted },
    ]);
  });

  test("never counts as a signature", async () => {
    const registry = await aRelease();
    await attest(registry, PROVENANCE);
    await attest(registry, { type: "https://acme.example/review", predicate: {} });
    await expect(verifyRelease(registry, SUPPORT, { trust, now: NOW })).rejects.toMatchObject({ code: "unsigned" });
    await signRelease(registry, SUPPORT, { key, now: NOW });
    expect((await verifyRelease(registry, SUPPORT, { trust, now: NOW })).signedBy).toEqual([key.fingerprint]);
    expect(await countAttached(registry.repository(SUPPORT.agent), digest)).toEqual({ signatures: 1, attestations: 2 });
  });

  test("goes along when a release is copied", async () => {
    const registry = await aRelease();
    await attest(registry, PROVENANCE);
    const copy = createDirectoryRegistry(join(scratch, "copy"));
    await copyRelease(registry, copy, SUPPORT);
    expect((await inspect(copy)).attestations).toMatchObject([{ trusted: true }]);
  });

  test.each([
    ["signatures' own type", { type: "https://sigstore.dev/cosign/sign/v1", predicate: {} }, "with which cosign signs"],
    [
      "a type that is no URI",
      { type: "review", predicate: {} },
      'found type "review", expected provenance, evaluation',
    ],
    ["provenance without a builder", { type: "provenance", predicate: { buildDefinition: {} } }, "runDetails"],
    ["an evaluation without a result", { type: "evaluation", predicate: { configuration: [] } }, "result"],
    ["a predicate that is a list", { type: "https://acme.example/review", predicate: [] }, "a predicate that does not"],
  ])("of %s is refused", async (_, said, message) => {
    await expect(attest(await aRelease(), said)).rejects.toMatchObject({
      code: "attestation_invalid",
      message: expect.stringContaining(message),
    });
  });
});

describe("verification reads all that refers to a release", () => {
  test("any byte altered in an attestation or in what another tool attached makes it fail, named", async () => {
    const directory = join(scratch, "altered");
    const registry = await aRelease(createDirectoryRegistry(directory));
    await signRelease(registry, SUPPORT, { key, now: NOW });
    const blobs = join(directory, "blobs", "sha256");
    const before = new Set(await readdir(blobs));
    await attest(registry, PROVENANCE, stranger);
    await attachForeign(registry, "application/spdx+json", Buffer.from('{"spdxVersion":"SPDX-2.3"}'));
    await verifyRelease(registry, SUPPORT, { trust, now: NOW });
    const named: string[] = [];
    for (const name of (await readdir(blobs)).filter((name) => !before.has(name))) {
      const original = await readFile(join(blobs, name));
      for (const position of [0, Math.floor(original.length / 2), original.length - 1]) {
        const altered = Buffer.from(original);
        altered[position] = (altered[position] ?? 0) ^ 0x01;
        await writeFile(join(blobs, name), altered);
        const error: unknown = await verifyRelease(registry, SUPPORT, { trust, now: NOW }).catch((e: unknown) => e);
        expect(error).toMatchObject({ code: "digest_mismatch" });
        named.push(error instanceof Error ? (error.message.split(" sha256:")[0] ?? "") : "");
      }
      await writeFile(join(blobs, name), original);
    }
    expect([...new Set(named)].toSorted()).toEqual([
      "attestation bundle",
      "attestation manifest",
      "referrer bundle",
      "referrer manifest",
    ]);
  });

  test("and leaves alone what other tools attached, a bundle that is none included", async () => {
    const registry = await aRelease();
    await signRelease(registry, SUPPORT, { key, now: NOW });
    await attachForeign(registry, "application/spdx+json", Buffer.from("no JSON at all"));
    await attachForeign(registry, BUNDLE_TYPE, Buffer.from("no bundle at all"));
    const repository = registry.repository(SUPPORT.agent);
    const { mediaType: _, ...untyped } = JSON.parse(Buffer.from(aBuiltRelease().ociManifest).toString()) as Json;
    const odd = [{ ...untyped, schemaVersion: 2 }, { manifests: [] }].map((value) =>
      Buffer.from(JSON.stringify(value)),
    );
    const listed = async (): Promise<readonly Descriptor[]> => [
      ...(await repository.referrers(digest)),
      ...odd.map((bytes, index) => ({
        mediaType: index === 0 ? OCI_MANIFEST_TYPE : "application/vnd.oci.image.index.v1+json",
        digest: digestOf(bytes),
        size: bytes.length,
      })),
    ];
    const readManifest: ReleaseRepository["readManifest"] = async (part) =>
      odd.find((bytes) => digestOf(bytes) === part.digest) ?? repository.readManifest(part);
    const crowded = { ...registry, repository: () => ({ ...repository, referrers: listed, readManifest }) };
    expect((await verifyRelease(crowded, SUPPORT, { trust, now: NOW })).signedBy).toHaveLength(1);
    expect(await inspect(crowded)).toMatchObject({ others: 3 });
    expect((await verifyRelease(registry, SUPPORT, { trust, now: NOW })).signedBy).toHaveLength(1);
    expect(await inspect(registry)).toMatchObject({
      others: 1,
      signatures: { trusted: [`key ${key.fingerprint}`], notTrusted: [expect.stringContaining("no Sigstore bundle")] },
    });
  });

  test("but not more than a release could need", async () => {
    const registry = await aRelease();
    await signRelease(registry, SUPPORT, { key, now: NOW });
    const huge = registry.repository(SUPPORT.agent);
    const many = Array.from({ length: 300 }, () => ({ mediaType: "m", digest, size: 10 }));
    const large = [{ mediaType: "m", digest, size: 2 ** 40 }];
    for (const referrers of [many, large]) {
      const hostile = { ...registry, repository: () => ({ ...huge, referrers: async () => referrers }) };
      await expect(verifyRelease(hostile, SUPPORT, { trust, now: NOW })).rejects.toMatchObject({
        code: "layout_invalid",
        message: expect.stringContaining("expected at most 256"),
      });
    }
  });
});
