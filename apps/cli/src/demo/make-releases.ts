import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { parseReleaseReference, type Digest } from "@perch/domain";
import { buildFromDirectory } from "../release/build-from-directory.ts";

/** Builds the example agent's directories, then builds and signs a release of each version, trusted in this data directory. */
export async function makeReleases(data: string, versions: readonly string[]): Promise<ReadonlyMap<string, Digest>> {
  const pair = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "demo.pub"), pair.publicPem);
  const key = parseSigningKey(pair.privatePem, "the demo's key");

  const agents = join(data, "agents");
  const build = fileURLToPath(import.meta.resolve("@perch/example-support-agent/build"));
  await promisify(execFile)(process.execPath, [build, agents]);

  const registry = createDirectoryRegistry(join(data, "registry"));
  const digests = new Map<string, Digest>();
  for (const version of versions) {
    await buildFromDirectory(join(agents, version), registry);
    const { digest } = await signRelease(registry, parseReleaseReference(`support@${version}`), {
      key,
      now: new Date(),
    });
    digests.set(version, digest);
  }
  return digests;
}
