import { dirname, resolve } from "node:path";
import { checkTrustPolicy, ReleaseError, type TrustedSigner, type TrustPolicyFile } from "@perch/domain";
import { readYaml, type Place } from "../yaml/index.ts";
import { parseTrustedKey, type TrustedKey } from "./key.ts";
import { readSmallFile } from "./read-small-file.ts";
import type { Trust } from "./trust.ts";
import { parseTrustedRoot, type TrustedRoot } from "./trusted-root.ts";

type Path = readonly (string | number)[];
type Problem = { readonly path: Path; readonly message: string };
type FileSigner = TrustPolicyFile["rules"][number]["signers"][number];

/**
 * Reads a trust policy and every key that it names; `trustedRoot` takes the place of the root that it names. Throws
 * `ReleaseError` `trust_policy_invalid` with every problem and its place.
 */
export async function readTrustPolicy(file: string, options: { readonly trustedRoot?: string } = {}): Promise<Trust> {
  const yaml = readYaml((await readSmallFile(file)).toString());
  if (yaml.kind === "malformed") throw invalidPolicy(file, yaml.problems);
  const checked = checkTrustPolicy(yaml.value);
  if (checked.kind === "invalid") throw invalidPolicy(file, placed(checked.problems, yaml.placeOf));
  const reader = createReader(dirname(file));
  const rules = await Promise.all(
    checked.file.rules.map(async ({ agents, required, signers }, rule) => ({
      agents,
      required: required ?? 1,
      signers: await reader.signers(signers, ["rules", rule, "signers"]),
    })),
  );
  const root = await reader.root(checked.file, options.trustedRoot);
  if (reader.problems.length > 0) throw invalidPolicy(file, placed(reader.problems, yaml.placeOf));
  return { origin: file, policy: { rules }, keys: [...reader.keys.values()], root };
}

type Reader = {
  readonly problems: Problem[];
  readonly keys: Map<string, TrustedKey>;
  readonly signers: (signers: readonly FileSigner[], path: Path) => Promise<readonly TrustedSigner[]>;
  readonly root: (file: TrustPolicyFile, instead: string | undefined) => Promise<TrustedRoot | null>;
};

/** Goes on after a problem, so that all of them are told at once. */
function createReader(directory: string): Reader {
  const problems: Problem[] = [];
  const keys = new Map<string, TrustedKey>();
  const tried = async <T>(path: Path, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      problems.push({ path, message: error.message });
      return null;
    }
  };
  return {
    problems,
    keys,
    async signers(signers, path) {
      const read = signers.map(async (signer, index): Promise<TrustedSigner | null> => {
        const window = windowOf(signer);
        if ("identity" in signer) return { kind: "identity", ...signer.identity, ...window };
        const { key } = signer;
        const field = "file" in key ? "file" : "pem";
        const trusted = await tried([...path, index, "key", field], () => readKey(key, directory));
        if (trusted === null) return null;
        keys.set(trusted.keyId, trusted);
        return { kind: "key", name: key.name, keyId: trusted.keyId, ...window };
      });
      return (await Promise.all(read)).filter((signer) => signer !== null);
    },
    async root({ trustedRoot, rules }, instead) {
      const named = instead ?? (trustedRoot === undefined ? undefined : resolve(directory, trustedRoot));
      if (named !== undefined) {
        return tried(["trustedRoot"], async () => parseTrustedRoot(await readSmallFile(named), named));
      }
      const rule = rules.findIndex(({ signers }) => signers.some((signer) => "identity" in signer));
      const message = "found an identity, expected trustedRoot: to say by which authorities it is proven";
      if (rule >= 0) problems.push({ path: ["rules", rule, "signers"], message });
      return null;
    },
  };
}

async function readKey(key: Extract<FileSigner, { key: unknown }>["key"], directory: string): Promise<TrustedKey> {
  if ("pem" in key) return parseTrustedKey(key.pem, `key ${JSON.stringify(key.name)}`);
  const file = resolve(directory, key.file);
  return parseTrustedKey((await readSmallFile(file)).toString(), file);
}

function windowOf({ since, until }: FileSigner): { readonly since: number | null; readonly until: number | null } {
  return {
    since: since === undefined ? null : Date.parse(since),
    until: until === undefined ? null : Date.parse(until),
  };
}

function placed(problems: readonly Problem[], placeOf: (path: Path) => Place): ReleaseError["problems"] {
  return problems
    .map(({ path, message }) => ({ message, ...placeOf(path) }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function invalidPolicy(file: string, problems: ReleaseError["problems"]): ReleaseError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new ReleaseError({
    code: "trust_policy_invalid",
    message: `found ${count} in ${file}`,
    hint: "until it is corrected nothing is trusted; `perch release schema --kind trust-policy` prints what it may hold",
    problems,
  });
}
