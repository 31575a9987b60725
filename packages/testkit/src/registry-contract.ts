import {
  canonicalJsonBytes,
  digestOf,
  EMPTY_CONFIG,
  parseAgentName,
  parseOciManifest,
  referrerOciManifest,
  type BuiltRelease,
  type Descriptor,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { describe, expect, test } from "vitest";
import { aBuiltRelease } from "./release-builders.ts";

const SUPPORT = parseAgentName("support");
const SALES = parseAgentName("sales");
const bytes = new TextEncoder().encode("some bytes");
const expected = { digest: digestOf(bytes), size: bytes.length };

export type RegistryUnderTest = {
  /** An empty registry each time. */
  readonly open: () => Promise<ReleaseRegistry>;
  /**
   * `one-wins`: of writers that claim one version at the same time exactly one is told that it has it. `one-stands`: the
   * registry has no compare-and-set, so that more than one may be told so; in the end one of their manifests stands.
   */
  readonly race: "one-wins" | "one-stands";
};

/** What every registry of releases promises. */
export function describeReleaseRegistry(name: string, registry: RegistryUnderTest): void {
  describe(`release registry: ${name}`, () => {
    describeBlobs(registry.open);
    describeReleases(registry.open);
    describeReferrers(registry.open);
    describeTags(registry.open);
    describeConflicts(registry);
  });
}

type Open = RegistryUnderTest["open"];

function describeBlobs(open: Open): void {
  test("gives back the bytes of a digest, and null for one that it does not know", async () => {
    const repository = (await open()).repository(SUPPORT);
    expect(await repository.writeBlob(bytes)).toBe(expected.digest);
    expect(await repository.writeBlob(bytes)).toBe(expected.digest);
    expect(await repository.hasBlob(expected.digest)).toBe(true);
    expect(Buffer.from((await repository.readBlob(expected)) ?? [])).toEqual(Buffer.from(bytes));
    await store(repository, aBuiltRelease());
    const unknown = { digest: digestOf("other"), size: 5 };
    expect(await repository.hasBlob(unknown.digest)).toBe(false);
    expect(await repository.readBlob(unknown)).toBeNull();
    expect(await repository.readManifest(unknown)).toBeNull();
  });

  test("keeps an empty blob and one of several megabytes", async () => {
    const repository = (await open()).repository(SUPPORT);
    for (const blob of [new Uint8Array(0), new Uint8Array(5_000_000).map((_, index) => index % 251)]) {
      const digest = await repository.writeBlob(blob);
      const read = await repository.readBlob({ digest, size: blob.length });
      expect(digestOf(read ?? bytes)).toBe(digestOf(blob));
    }
  });

  test("refuses to read a blob of another size than expected", async () => {
    const repository = (await open()).repository(SUPPORT);
    await repository.writeBlob(bytes);
    for (const size of [0, bytes.length - 1, bytes.length + 1]) {
      await expect(repository.readBlob({ ...expected, size })).rejects.toMatchObject({ code: "digest_mismatch" });
    }
  });

  test("takes a blob over from another repository, or says that it cannot; never half", async () => {
    const registry = await open();
    const [from, to] = [registry.repository(SALES), registry.repository(SUPPORT)];
    await from.writeBlob(bytes);
    const isTaken = await to.takeBlob(expected, from);
    if (!isTaken) await to.writeBlob(bytes);
    expect(Buffer.from((await to.readBlob(expected)) ?? [])).toEqual(Buffer.from(bytes));
  });
}

function describeReleases(open: Open): void {
  test("lists an agent's releases by precedence of their versions, and no other agent's", async () => {
    const registry = await open();
    for (const version of ["2.0.0", "1.10.0", "1.9.0", "1.10.0-rc.1", "1.9.0+build.7"]) {
      await store(registry.repository(SUPPORT), aBuiltRelease({ version }));
    }
    await store(registry.repository(SALES), aBuiltRelease({ agent: SALES, version: "0.1.0" }));
    const listed = await registry.repository(SUPPORT).releases();
    expect(listed.map(({ version }) => version)).toEqual(["1.9.0", "1.9.0+build.7", "1.10.0-rc.1", "1.10.0", "2.0.0"]);
    expect(listed.map(({ agent }) => agent)).toEqual(listed.map(() => SUPPORT));
    expect(await registry.agents()).toEqual([SALES, SUPPORT]);
  });

  test("finds a release by version and by digest, and reads its manifest; null for one that is not there", async () => {
    const repository = (await open()).repository(SUPPORT);
    const release = aBuiltRelease();
    const added = await store(repository, release);
    expect(added).toMatchObject({ digest: release.digest, size: release.ociManifest.length });
    const { digest } = release;
    for (const selector of [{ kind: "version", version: "1.0.0" } as const, { kind: "digest", digest } as const]) {
      expect(await repository.find(selector)).toMatchObject({ digest, size: release.ociManifest.length });
    }
    expect(Buffer.from((await repository.readManifest(added)) ?? [])).toEqual(Buffer.from(release.ociManifest));
    expect(await repository.find({ kind: "version", version: "1.0.1" })).toBeNull();
    expect(await repository.find({ kind: "digest", digest: digestOf("x") })).toBeNull();
  });

  test("an agent without releases has none, beside one that has some", async () => {
    const registry = await open();
    await store(registry.repository(SALES), aBuiltRelease({ agent: SALES }));
    expect(await registry.repository(SUPPORT).releases()).toEqual([]);
    expect(await registry.repository(SUPPORT).find({ kind: "version", version: "1.0.0" })).toBeNull();
  });
}

function describeReferrers(open: Open): void {
  test("lists what refers to a manifest, once each, and nothing for another manifest", async () => {
    const repository = (await open()).repository(SUPPORT);
    const first = await store(repository, aBuiltRelease());
    const second = await store(repository, aBuiltRelease({ version: "1.0.1" }));
    const signature = await aReferrer(repository, first, "application/vnd.test.signature");
    const attestation = await aReferrer(repository, first, "application/vnd.test.attestation");
    for (const manifest of [signature, attestation, signature]) await repository.addReferrer(manifest);
    const listed = await repository.referrers(first.digest);
    const told = listed.map(({ digest, artifactType, size }) => ({ digest, artifactType, size }));
    expect(told.toSorted((a, b) => a.digest.localeCompare(b.digest))).toEqual(
      [signature, attestation]
        .map((manifest) => ({
          digest: digestOf(manifest),
          artifactType: parseOciManifest(manifest, "it").artifactType,
          size: manifest.length,
        }))
        .toSorted((a, b) => a.digest.localeCompare(b.digest)),
    );
    for (const referrer of listed) expect(await repository.readManifest(referrer)).not.toBeNull();
    expect(await repository.referrers(second.digest)).toEqual([]);
    expect(await repository.releases()).toHaveLength(2);
  });

  test("loses no referrer when many are attached one after the other", async () => {
    const repository = (await open()).repository(SUPPORT);
    const release = await store(repository, aBuiltRelease());
    for (let index = 0; index < 5; index += 1) {
      await repository.addReferrer(await aReferrer(repository, release, `application/vnd.test.${index}`));
    }
    expect(await repository.referrers(release.digest)).toHaveLength(5);
  });

  test("refuses a referrer that refers to nothing", async () => {
    const repository = (await open()).repository(SUPPORT);
    await expect(repository.addReferrer(aBuiltRelease().ociManifest)).rejects.toMatchObject({ code: "layout_invalid" });
  });
}

function describeTags(open: Open): void {
  test("a tag names the manifest that it was moved to last, and is no release", async () => {
    const repository = (await open()).repository(SUPPORT);
    const release = await store(repository, aBuiltRelease());
    const tag = `${release.digest.replace(":", "-")}.sig`;
    expect(await repository.readTag(tag)).toBeNull();
    for (const type of ["application/vnd.test.a", "application/vnd.test.b"]) {
      const manifest = await aTagged(repository, type);
      await repository.writeTag(tag, manifest);
      expect(await repository.readTag(tag)).toMatchObject({ digest: digestOf(manifest), size: manifest.length });
    }
    expect(await repository.releases()).toHaveLength(1);
  });
}

function describeConflicts({ open, race }: RegistryUnderTest): void {
  test("never gives a version to a second digest, and takes the same release again without a change", async () => {
    const repository = (await open()).repository(SUPPORT);
    const release = aBuiltRelease();
    await store(repository, release);
    await store(repository, release);
    await expect(store(repository, aBuiltRelease({ prompt: "Be kind." }))).rejects.toMatchObject({
      code: "version_taken",
    });
    expect((await repository.releases()).map(({ descriptor }) => descriptor.digest)).toEqual([release.digest]);
  });

  test(`of many writers that claim one version at the same time, ${race.replace("-", " ")}`, async () => {
    const repository = (await open()).repository(SUPPORT);
    const claimed = Array.from({ length: 8 }, (_, index) => aBuiltRelease({ prompt: `Prompt ${index}` }));
    const claims = await Promise.allSettled(claimed.map((release) => store(repository, release)));
    const winners = claims.flatMap((claim) => (claim.status === "fulfilled" ? [claim.value.digest] : []));
    for (const claim of claims) {
      if (claim.status === "rejected") expect(claim.reason).toMatchObject({ code: "version_taken" });
    }
    const standing = (await repository.releases()).map(({ descriptor }) => descriptor.digest);
    expect(standing).toHaveLength(1);
    expect(winners).toContain(standing[0]);
    expect(winners.length).toBeLessThanOrEqual(race === "one-wins" ? 1 : 8);
  });

  test("loses no release when many are added at the same time", async () => {
    const repository = (await open()).repository(SUPPORT);
    const releases = Array.from({ length: 8 }, (_, index) => aBuiltRelease({ version: `1.0.${index}` }));
    await Promise.all(releases.map((release) => store(repository, release)));
    expect(await repository.releases()).toHaveLength(8);
  });
}

async function store(repository: ReleaseRepository, release: BuiltRelease): Promise<Descriptor> {
  for (const blob of release.blobs.values()) await repository.writeBlob(blob);
  return repository.addRelease(release.manifest.version, release.ociManifest);
}

async function aReferrer(
  repository: ReleaseRepository,
  subject: Descriptor,
  artifactType: string,
): Promise<Uint8Array> {
  const blob = new TextEncoder().encode(artifactType);
  return referrerOciManifest({
    subject,
    artifactType,
    blob: { digest: await repository.writeBlob(blob), size: blob.length },
    config: { digest: await repository.writeBlob(EMPTY_CONFIG), size: EMPTY_CONFIG.length },
    annotations: {},
  });
}

/** A manifest that refers to nothing. */
async function aTagged(repository: ReleaseRepository, artifactType: string): Promise<Uint8Array> {
  const release = await store(repository, aBuiltRelease());
  const { subject: _, ...manifest } = parseOciManifest(await aReferrer(repository, release, artifactType), "it");
  return canonicalJsonBytes(JSON.parse(JSON.stringify(manifest)));
}
