import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { parseReleaseReference } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";

/** Releases of the agent `chat` in the data directory's registry, signed with a key that is trusted there. */
export async function pushReleases(data: string, versions: readonly string[]): Promise<void> {
  const registry = createDirectoryRegistry(join(data, "registry"));
  const { privatePem, publicPem } = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "test.pub"), publicPem);
  const key = parseSigningKey(privatePem, "the test");
  for (const version of versions) {
    await storeRelease(registry, aBuiltRelease({ agent: "chat", version, prompt: `Prompt of ${version}` }));
    await signRelease(registry, parseReleaseReference(`chat@${version}`), { key, now: new Date() });
  }
}
