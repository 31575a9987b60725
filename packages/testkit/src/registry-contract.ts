import { digestOf, parseAgentName, type ReleaseEntry, type ReleaseRegistry } from "@perch/domain";
import { describe, expect, test } from "vitest";

const bytes = new TextEncoder().encode("some bytes");

function entry(agent: string, version: string, manifest: Uint8Array): ReleaseEntry {
  const descriptor = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: digestOf(manifest),
    size: manifest.length,
  };
  return { agent: parseAgentName(agent), version, descriptor };
}

/** What every registry of releases promises. `open` gives an empty one each time. */
export function describeReleaseRegistry(name: string, open: () => Promise<ReleaseRegistry>): void {
  describe(`release registry: ${name}`, () => {
    describeContents(open);
    describeConflicts(open);
  });
}

function describeContents(open: () => Promise<ReleaseRegistry>): void {
  test("gives back the bytes of a digest, and null for one it does not know", async () => {
    const registry = await open();
    const digest = await registry.writeBlob(bytes);
    expect(digest).toBe(digestOf(bytes));
    expect(await registry.hasBlob(digest)).toBe(true);
    expect(Buffer.from((await registry.readBlob(digest)) ?? [])).toEqual(Buffer.from(bytes));
    expect(await registry.hasBlob(digestOf("other"))).toBe(false);
    expect(await registry.readBlob(digestOf("other"))).toBeNull();
  });

  test("lists releases by agent, each agent's in the order in which they were added", async () => {
    const registry = await open();
    for (const [agent, version] of [
      ["b", "1.0.0"],
      ["a", "2.0.0"],
      ["a", "1.0.0"],
    ] as const) {
      const manifest = new TextEncoder().encode(agent + version);
      await registry.writeBlob(manifest);
      await registry.addRelease(entry(agent, version, manifest));
    }
    const listed = (await registry.releases()).map(({ agent, version }) => `${agent}@${version}`);
    expect(listed).toEqual(["a@2.0.0", "a@1.0.0", "b@1.0.0"]);
  });

  test("lists what refers to a manifest, once each, and nothing for another manifest", async () => {
    const registry = await open();
    const signature = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      digest: await registry.writeBlob(bytes),
      size: bytes.length,
    };
    await registry.addReferrer(digestOf("a"), signature);
    await registry.addReferrer(digestOf("a"), signature);
    expect(await registry.referrers(digestOf("a"))).toEqual([expect.objectContaining(signature)]);
    expect(await registry.referrers(digestOf("b"))).toEqual([]);
  });
}

function describeConflicts(open: () => Promise<ReleaseRegistry>): void {
  test("never gives a version to a second digest, and takes the same release again without a change", async () => {
    const registry = await open();
    await registry.writeBlob(bytes);
    await registry.addRelease(entry("a", "1.0.0", bytes));
    await registry.addRelease(entry("a", "1.0.0", bytes));
    await expect(registry.addRelease(entry("a", "1.0.0", new TextEncoder().encode("other")))).rejects.toMatchObject({
      code: "version_taken",
    });
    expect((await registry.releases()).map(({ descriptor }) => descriptor.digest)).toEqual([digestOf(bytes)]);
  });

  test("of many writers that claim one version at the same time, one wins", async () => {
    const registry = await open();
    const claims = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => registry.addRelease(entry("a", "1.0.0", Buffer.from(`${index}`)))),
    );
    expect(claims.filter((claim) => claim.status === "fulfilled")).toHaveLength(1);
    expect(await registry.releases()).toHaveLength(1);
  });

  test("loses no release when many are added at the same time", async () => {
    const registry = await open();
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => registry.addRelease(entry("a", `1.0.${index}`, Buffer.from(`${index}`)))),
    );
    expect(await registry.releases()).toHaveLength(8);
  });
}
