import type { Command } from "commander";
import { verifyRelease } from "@perch/adapters/sigstore";
import { onRelease, referenceOf, registryOf, run, type Outcome } from "./release-store.ts";
import { readTrust, withTrust, type TrustFlags } from "./trust-flags.ts";

export function registerVerifyCommand(release: Command): void {
  withTrust(onRelease(release.command("verify")))
    .description("check every byte, and that enough trusted signers signed; exit code 1 if not")
    .action((reference: string, flags: TrustFlags) => run(flags, verify(reference, flags)));
}

async function verify(text: string, flags: TrustFlags): Promise<Outcome> {
  const reference = await referenceOf(text, flags);
  const trust = await readTrust(flags);
  const verified = await verifyRelease(registryOf(flags), reference, { trust, now: new Date() });
  const { digest, manifest, signedBy, components } = verified;
  const { agent, version } = manifest;
  return {
    json: { verified: true, agent, version, digest, signedBy },
    text: `${agent}@${version} is verified: ${components.length} components, signed by ${signedBy.join(", ")}\n${digest}`,
  };
}
