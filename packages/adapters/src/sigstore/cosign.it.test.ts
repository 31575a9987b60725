import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  digestOf,
  OCI_MANIFEST_TYPE,
  parseOciIndex,
  parseOciManifest,
  parseReleaseReference,
  type Descriptor,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import {
  anIdentityToken,
  findDockerRegistry,
  findProgram,
  startDockerRegistry,
  startSigstoreServices,
  type DockerRegistry,
} from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryRegistry } from "../in-memory/index.ts";
import { readSignatureTag, signatureTagOf, storeRelease } from "../release-artifact/index.ts";
import { attestRelease } from "./attest-release.ts";
import { encryptSigningKey, openSigningKey } from "./encrypted-key.ts";
import { inspectAttached } from "./inspect-attached.ts";
import { generateKeyPair, parseSigningKey, parseTrustedKey, type SigningKey, type TrustedKey } from "./key.ts";
import { createKeylessSigner } from "./keyless-signer.ts";
import { signRelease, signReleaseKeyless } from "./sign-release.ts";
import { signInTag } from "./simple-signing.ts";
import { createKeySigner } from "./statement-signer.ts";
import { trustKeys } from "./trust.ts";
import { verifyRelease } from "./verify-release.ts";

const COSIGN = findProgram("cosign");
const missing = COSIGN === null ? "cosign" : findDockerRegistry() === null ? "docker-registry" : null;
const needs = missing === null ? "" : ` (skipped: found no ${missing} on the PATH)`;

const NOW = new Date("2026-01-02T03:04:05Z");
const SUPPORT = parseReleaseReference("support@1.0.0");
const { digest, manifest, ociManifest } = aBuiltRelease();
const PASSWORD = "correct horse";
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

describe.skipIf(missing !== null)(`cosign${needs}`, () => {
  let scratch = "";
  let server: DockerRegistry;
  let cosignKey: SigningKey;
  const perch = generateKeyPair();
  const perchKey = parseSigningKey(perch.privatePem, "perch.key");

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "perch-cosign-"));
    await mkdir(join(scratch, "home"));
    server = await startDockerRegistry();
    await writeFile(join(scratch, "perch.key"), await encryptSigningKey(perchKey, PASSWORD));
    await writeFile(join(scratch, "perch.pub"), perch.publicPem);
    await writeFile(join(scratch, "stranger.pub"), generateKeyPair().publicPem);
    await writeFile(join(scratch, "no-services.json"), JSON.stringify(NO_SERVICES));
    await cosign("generate-key-pair");
    const pem = await readFile(join(scratch, "cosign.key"), "utf8");
    cosignKey = await openSigningKey(pem, "cosign.key", async () => PASSWORD);
  });
  afterAll(async () => {
    await server?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const NO_SERVICES = { mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json" };
  const HTTP = "--allow-http-registry";
  const imageIn = (repository: string): string => `${server.host}/${repository}@${digest}`;

  /** What cosign said on standard output; throws with what it said on standard error. */
  async function cosign(command: string): Promise<string> {
    // A home of its own, and no proxy: nothing of this test may come from or go to the outside.
    const env = { PATH: process.env["PATH"], HOME: join(scratch, "home"), COSIGN_PASSWORD: PASSWORD };
    const options = { cwd: scratch, env, timeout: 30_000 };
    return (await promisify(execFile)(COSIGN ?? "cosign", command.split(" "), options)).stdout;
  }
  const verifyWith = (key: string, repository: string): Promise<string> =>
    cosign(`verify --key ${key} --insecure-ignore-tlog ${HTTP} ${imageIn(repository)}`);
  const signNew = (key: string, repository: string): Promise<string> =>
    cosign(`sign -y --key ${key} --signing-config no-services.json ${HTTP} ${imageIn(repository)}`);
  const OLD_FORM = "--new-bundle-format=false --use-signing-config=false --tlog-upload=false";
  const signOld = (key: string, repository: string): Promise<string> =>
    cosign(`sign -y --key ${key} ${OLD_FORM} ${HTTP} ${imageIn(repository)}`);

  async function aRelease(
    sign: (repository: ReleaseRepository, registry: ReleaseRegistry) => Promise<unknown>,
  ): Promise<ReleaseRegistry> {
    const registry = createMemoryRegistry();
    await storeRelease(registry, aBuiltRelease());
    await sign(registry.repository(SUPPORT.agent), registry);
    return registry;
  }
  async function verified(registry: ReleaseRegistry, keys: readonly TrustedKey[]): Promise<readonly string[]> {
    return (await verifyRelease(registry, SUPPORT, { trust: trustKeys(keys, "the test"), now: NOW })).signedBy;
  }

  test("accepts a signature that perch attached by referrer, and refuses another key", async () => {
    const registry = await aRelease((_, all) => signRelease(all, SUPPORT, { key: perchKey, now: NOW }));
    await push(registry, server.host, "bundle");
    expect(await verifyWith("perch.pub", "bundle")).toContain(digest);
    await expect(verifyWith("stranger.pub", "bundle")).rejects.toThrow(/signature|verif/i);
  });

  test("accepts a signature that perch put under the older tag, and refuses another key", async () => {
    await push(await aRelease((repository) => signInTag(repository, digest, perchKey)), server.host, "tag");
    expect(await verifyWith("perch.pub", "tag")).toContain(digest);
    await expect(verifyWith("stranger.pub", "tag")).rejects.toThrow(/signature|verif/i);
  });

  test("accepts what perch signed with the key file that cosign made", async () => {
    const registry = await aRelease((_, all) => signRelease(all, SUPPORT, { key: cosignKey, now: NOW }));
    await push(registry, server.host, "cosign-key");
    expect(await verifyWith("cosign.pub", "cosign-key")).toContain(digest);
  });

  test("signs with the encrypted key file that perch made, and perch accepts it", async () => {
    await push(await aRelease(async () => undefined), server.host, "perch-key");
    await signNew("perch.key", "perch-key");
    const registry = await pull(server.host, "perch-key");
    expect(await verified(registry, [perchKey])).toEqual([perchKey.fingerprint]);
  });

  test("signs in its bundle and in its older form; perch accepts either, and refuses another key", async () => {
    const stranger = parseTrustedKey(generateKeyPair().publicPem, "stranger.pub");
    for (const [repository, sign] of [
      ["by-bundle", signNew],
      ["by-tag", signOld],
    ] as const) {
      await push(await aRelease(async () => undefined), server.host, repository);
      await sign("cosign.key", repository);
      const registry = await pull(server.host, repository);
      expect(await verified(registry, [cosignKey])).toEqual([cosignKey.fingerprint]);
      await expect(verified(registry, [stranger])).rejects.toMatchObject({ code: "signature_rejected" });
    }
  });

  test("and perch add to one another's signatures under the older tag", async () => {
    await push(await aRelease((repository) => signInTag(repository, digest, perchKey)), server.host, "shared");
    await signOld("cosign.key", "shared");
    const registry = await pull(server.host, "shared");
    expect(await verified(registry, [cosignKey, perchKey])).toHaveLength(2);
    const third = parseSigningKey(generateKeyPair().privatePem, "third.key");
    await signInTag(registry.repository(SUPPORT.agent), digest, third);
    await push(registry, server.host, "shared-by-three");
    expect(await verified(registry, [cosignKey, perchKey, third])).toHaveLength(3);
    for (const key of ["perch.pub", "cosign.pub"]) expect(await verifyWith(key, "shared-by-three")).toContain(digest);
    await signOld("perch.key", "shared-by-three");
  });

  test("verifies what perch signed by an identity, against the trusted root, and refuses another identity", async () => {
    const services = await startSigstoreServices({ issuedAt: new Date(Date.now() - 60_000) });
    try {
      await writeFile(join(scratch, "trusted_root.json"), JSON.stringify(services.trustedRoot));
      const token = anIdentityToken({ iss: "https://ci.example", sub: "https://git.example/acme" });
      const { url } = services;
      const signer = createKeylessSigner(token, { fulcioUrl: url, rekorUrl: url, tsaUrl: url });
      await push(
        await aRelease((_, all) => signReleaseKeyless(all, SUPPORT, { signer, now: NOW })),
        server.host,
        "keyless",
      );
      const verify = (identity: string): Promise<string> =>
        cosign(
          `verify --trusted-root trusted_root.json --certificate-oidc-issuer https://ci.example ` +
            `--certificate-identity ${identity} ${HTTP} ${imageIn("keyless")}`,
        );
      expect(await verify("https://git.example/acme")).toContain(digest);
      await expect(verify("https://git.example/evil")).rejects.toThrow(/identity|identities/i);
    } finally {
      await services.stop();
    }
  });

  test("verifies an attestation that perch attached, by its type and its key", async () => {
    const predicate = {
      buildDefinition: { buildType: "https://perch.dev/build/v1", externalParameters: { agent: "support" } },
      runDetails: { builder: { id: "https://ci.example" } },
    };
    const signer = createKeySigner(perchKey);
    const registry = await aRelease((_, all) =>
      attestRelease(all, SUPPORT, { type: "provenance", predicate, signer, now: NOW }),
    );
    await push(registry, server.host, "attested");
    const verify = (key: string, type: string): Promise<string> =>
      cosign(`verify-attestation --key ${key} --type ${type} --insecure-ignore-tlog ${HTTP} ${imageIn("attested")}`);
    const said = JSON.parse(await verify("perch.pub", "slsaprovenance1")) as { payload: string };
    expect(JSON.parse(Buffer.from(said.payload, "base64").toString())).toMatchObject({
      predicateType: "https://slsa.dev/provenance/v1",
      predicate: { buildDefinition: { externalParameters: { agent: "support" } } },
    });
    await expect(verify("stranger.pub", "slsaprovenance1")).rejects.toThrow(/signature|verif/i);
    await expect(verify("perch.pub", "spdxjson")).rejects.toThrow(/none of the attestations matched/);
  });

  test("attests, and perch lists it as an attestation that admits nothing", async () => {
    await push(await aRelease(async () => undefined), server.host, "attested-by-cosign");
    await writeFile(join(scratch, "predicate.json"), '{"reviewed":true}');
    const what = "--predicate predicate.json --type https://acme.example/review --signing-config no-services.json";
    await cosign(`attest -y --key cosign.key ${what} ${HTTP} ${imageIn("attested-by-cosign")}`);
    const registry = await pull(server.host, "attested-by-cosign");
    const trust = trustKeys([cosignKey], "the test");
    const { attestations } = await inspectAttached(registry.repository(SUPPORT.agent), digest, { trust, now: NOW });
    expect(attestations).toMatchObject([
      { predicateType: "https://acme.example/review", trusted: true, createdAt: expect.any(String) },
    ]);
    await expect(verified(registry, [cosignKey])).rejects.toMatchObject({ code: "unsigned" });
  });
});

// Moves a release and all that is attached to it by the Distribution API, without a client of ours or of anybody else.

async function push(registry: ReleaseRegistry, host: string, name: string): Promise<void> {
  const repository = registry.repository(SUPPORT.agent);
  const pushManifest = async (bytes: Uint8Array, reference: string): Promise<void> => {
    const { config, layers } = parseOciManifest(bytes, "it");
    for (const part of [config, ...layers])
      await pushBlob(host, name, (await repository.readBlob(part)) ?? new Uint8Array());
    await put(`http://${host}/v2/${name}/manifests/${reference}`, bytes, OCI_MANIFEST_TYPE);
  };
  await pushManifest(ociManifest, manifest.version);
  const referrers = await repository.referrers(digest);
  for (const referrer of referrers) {
    await pushManifest((await repository.readManifest(referrer)) ?? new Uint8Array(), referrer.digest);
  }
  const tag = await readSignatureTag(repository, digest);
  if (tag !== null) await pushManifest(tag.bytes, tag.tag);
  if (referrers.length === 0) return;
  // A registry without the referrers API finds them by a tag made of the digest.
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: referrers }));
  await put(`http://${host}/v2/${name}/manifests/${digest.replace(":", "-")}`, index, INDEX_TYPE);
}

async function pull(host: string, name: string): Promise<ReleaseRegistry> {
  const registry = createMemoryRegistry();
  await storeRelease(registry, aBuiltRelease());
  const repository = registry.repository(SUPPORT.agent);
  const get = async (path: string): Promise<Uint8Array | null> => {
    const accept = `${OCI_MANIFEST_TYPE}, ${INDEX_TYPE}`;
    const answer = await fetch(`http://${host}/v2/${name}/${path}`, { headers: { accept } });
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
  };
  const pullManifest = async (reference: string): Promise<Uint8Array | null> => {
    const bytes = await get(`manifests/${reference}`);
    if (bytes === null) return null;
    const { config, layers } = parseOciManifest(bytes, reference);
    for (const part of [config, ...layers])
      await repository.writeBlob((await get(`blobs/${part.digest}`)) ?? new Uint8Array());
    return bytes;
  };
  const index = await get(`manifests/${digest.replace(":", "-")}`);
  const listed: readonly Descriptor[] = index === null ? [] : parseOciIndex(index).manifests;
  for (const referrer of listed)
    await repository.addReferrer((await pullManifest(referrer.digest)) ?? new Uint8Array());
  const tag = await pullManifest(signatureTagOf(digest));
  if (tag !== null) await repository.writeTag(signatureTagOf(digest), tag);
  return registry;
}

async function pushBlob(host: string, name: string, bytes: Uint8Array): Promise<void> {
  const started = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: "POST" });
  const location = new URL(started.headers.get("location") ?? "", `http://${host}`);
  location.searchParams.set("digest", digestOf(bytes));
  await put(location.href, bytes, "application/octet-stream");
}

async function put(url: string, body: Uint8Array, type: string): Promise<void> {
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": type }, body: Buffer.from(body) });
  if (!answer.ok) throw new Error(`PUT ${url} was answered by ${answer.status}: ${await answer.text()}`);
}
