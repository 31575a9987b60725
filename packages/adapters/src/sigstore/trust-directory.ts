import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ReleaseError } from "@perch/domain";
import { readSmallFile } from "./read-small-file.ts";
import { parseTrustedKey } from "./key.ts";
import { trustKeys, type Trust } from "./trust.ts";
import { readTrustPolicy } from "./trust-policy-file.ts";

const POLICY = "policy.yaml";

/**
 * Whom a trust directory trusts: what its `policy.yaml` says, and that alone; without one every `*.pub` of it may sign
 * every agent. Fails closed: throws `ReleaseError` `key_invalid` when there is neither, and `trust_policy_invalid`.
 */
export async function readTrustDirectory(
  directory: string,
  options: { readonly trustedRoot?: string } = {},
): Promise<Trust> {
  const names: readonly string[] = await readdir(directory).catch(() => []);
  if (names.includes(POLICY)) return readTrustPolicy(join(directory, POLICY), options);
  refuseOtherYaml(names, directory);
  if (options.trustedRoot !== undefined) throw rootWithoutPolicy(directory);
  const files = names.filter((name) => name.endsWith(".pub")).toSorted();
  if (files.length === 0) {
    throw new ReleaseError({
      code: "key_invalid",
      message: `found no trusted key in ${directory}, expected ${POLICY} or at least one public key file ending in .pub`,
      hint: "`perch key trust FILE` trusts a public key; `perch key generate --out DIR` makes a pair",
    });
  }
  const keys = await Promise.all(
    files.map(async (name) =>
      parseTrustedKey((await readSmallFile(join(directory, name))).toString(), join(directory, name)),
    ),
  );
  return trustKeys(keys, directory);
}

function rootWithoutPolicy(directory: string): ReleaseError {
  return new ReleaseError({
    code: "trust_policy_invalid",
    message: `found a trusted root and no ${POLICY} in ${directory}, expected one that says which identities count`,
    hint: "write a trust policy, or give one with --policy",
  });
}

// A policy that is spelled otherwise would silently let every key sign everything.
function refuseOtherYaml(names: readonly string[], directory: string): void {
  const other = names.find((name) => /\.ya?ml$/i.test(name));
  if (other === undefined) return;
  throw new ReleaseError({
    code: "trust_policy_invalid",
    message: `found ${other} in ${directory}, expected a trust policy to be called ${POLICY}`,
    hint: "rename it, or move it elsewhere and give it with --policy",
  });
}
