import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { parseReleaseReference, type Digest } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";

export type MadeRelease = { readonly version: string; readonly digest: Digest };

/** Builds and signs releases where a server with this data directory looks for them. */
export async function makeReleases(
  agent: string,
  { data, count }: { readonly data: string; readonly count: number },
): Promise<readonly MadeRelease[]> {
  const registry = createDirectoryRegistry(join(data, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  const key = parseSigningKey(privatePem, "the checker");
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "check.pub"), publicPem);
  const releases: MadeRelease[] = [];
  for (let minor = 0; minor < count; minor += 1) {
    const version = `1.${minor}.0`;
    const { digest } = await storeRelease(registry, aBuiltRelease({ agent, version, prompt: `Prompt of ${version}` }));
    await signRelease(registry, parseReleaseReference(`${agent}@${version}`), { key, now: new Date() });
    releases.push({ version, digest });
  }
  return releases;
}
