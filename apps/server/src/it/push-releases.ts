import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { parseReleaseReference } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";

/** Releases of `support` in `data/registry`, signed with the key in `data/trust`, those of `unsigned` not. Digests by version. */
export async function pushReleases(
  data: string,
  versions: readonly string[],
  unsigned: readonly string[] = [],
): Promise<ReadonlyMap<string, string>> {
  const registry = createDirectoryRegistry(join(data, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "test.pub"), publicPem);
  const digests = new Map<string, string>();
  for (const version of [...versions, ...unsigned]) {
    const { digest } = await storeRelease(registry, aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
    digests.set(version, digest);
    if (unsigned.includes(version)) continue;
    const reference = parseReleaseReference(`support@${version}`);
    await signRelease(registry, reference, { key: parseSigningKey(privatePem, "the test"), now: new Date(0) });
  }
  return digests;
}
