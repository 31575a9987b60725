import { join, resolve } from "node:path";
import { Option, type Command } from "commander";
import {
  parseTrustedKey,
  readTrustDirectory,
  readTrustPolicy,
  trustKeys,
  trustNobody,
  type Trust,
} from "@perch/adapters/sigstore";
import { ReleaseError } from "@perch/domain";
import { readKeyFile } from "../key/read-key-file.ts";
import type { ReleaseFlags } from "./release-store.ts";

export type TrustFlags = ReleaseFlags & { key?: string; trust?: string; policy?: string; trustedRoot?: string };

/** The options that say whose signatures count. */
export function withTrust(command: Command): Command {
  return command
    .addOption(new Option("--key <pub>", "trust this public key only").conflicts(["trust", "policy", "trustedRoot"]))
    .addOption(new Option("--policy <file>", "trust what this trust policy says, and that alone").conflicts("trust"))
    .option("--trust <dir>", "trust policy.yaml of this directory, or without one every *.pub; default: DATA/trust")
    .option("--trusted-root <file>", "Sigstore's trusted_root.json, in place of the one that the policy names");
}

/** Fails closed: throws `ReleaseError` `key_invalid` or `trust_policy_invalid` for trust that cannot be read. */
export async function readTrust(flags: TrustFlags): Promise<Trust> {
  const { key, policy, trustedRoot } = flags;
  if (key !== undefined) return trustKeys([parseTrustedKey(await readKeyFile(key, "public key"), key)], `--key ${key}`);
  const options = trustedRoot === undefined ? {} : { trustedRoot };
  if (policy !== undefined) return readTrustPolicy(policy, options);
  return readTrustDirectory(resolve(flags.trust ?? join(flags.data, "trust")), options);
}

/** For looking at a release: where trust cannot be read nobody is trusted, and `note` says why. */
export async function readTrustOrNobody(
  flags: TrustFlags,
): Promise<{ readonly trust: Trust; readonly note: string | null }> {
  try {
    return { trust: await readTrust(flags), note: null };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return { trust: trustNobody("nothing"), note: error.message };
  }
}
