import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkTrustPolicy, parseReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMemoryRegistry } from "../in-memory/index.ts";
import { storeRelease } from "../release-artifact/index.ts";
import { readYaml } from "../yaml/index.ts";
import { generateKeyPair, parseSigningKey } from "./key.ts";
import { signRelease } from "./sign-release.ts";
import { readTrustDirectory } from "./trust-directory.ts";
import { readTrustPolicy } from "./trust-policy-file.ts";
import { createVerifiedReleaseSource } from "./verified-release-source.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const SUPPORT = parseReleaseReference("support@1.0.0");
const team = generateKeyPair();
const qa = generateKeyPair();

let scratch = "";
let directory = "";
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-trust-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  count += 1;
  directory = join(scratch, String(count));
  await mkdir(join(directory, "keys"), { recursive: true });
  await writeFile(join(directory, "keys", "team.pub"), team.publicPem);
});

async function writePolicy(rules: string, more = ""): Promise<string> {
  const file = join(directory, "policy.yaml");
  await writeFile(file, `apiVersion: perch.dev/v1\nkind: TrustPolicy\n${more}rules:\n${rules}`);
  return file;
}

async function signedBy(...pairs: readonly (typeof team)[]): Promise<ReleaseRegistry> {
  const registry = createMemoryRegistry();
  await storeRelease(registry, aBuiltRelease());
  for (const pair of pairs) {
    await signRelease(registry, SUPPORT, { key: parseSigningKey(pair.privatePem, "k"), now: NOW });
  }
  return registry;
}

async function admit(registry: ReleaseRegistry): Promise<readonly string[]> {
  const source = createVerifiedReleaseSource({ registry, trustDirectory: directory, now: () => NOW });
  return (await source.admit(SUPPORT)).signedBy;
}

const TEAM = "      - key: { name: team, file: keys/team.pub }\n";
const QA = `      - key:\n          name: qa\n          pem: |\n${qa.publicPem.trimEnd().replaceAll(/^/gm, "            ")}\n`;

describe("a trust policy", () => {
  test("admits what enough of its signers signed, by file and by PEM, and names them", async () => {
    await writePolicy(`  - agents: [support]\n    required: 2\n    signers:\n${TEAM}${QA}`);
    expect(await admit(await signedBy(team, qa))).toEqual([`team (${team.fingerprint})`, `qa (${qa.fingerprint})`]);
    await expect(admit(await signedBy(team))).rejects.toMatchObject({
      code: "signature_rejected",
      message: expect.stringMatching(/policy\.yaml: found 1 of 2 required signers \(team \(.*\)\)/),
    });
    await expect(admit(await signedBy())).rejects.toMatchObject({ code: "unsigned" });
  });

  test("governs alone: a key beside it counts for nothing", async () => {
    await writeFile(join(directory, "qa.pub"), qa.publicPem);
    expect(await admit(await signedBy(qa))).toEqual([qa.fingerprint]);
    await writePolicy(`  - agents: ["*"]\n    signers:\n${TEAM}`);
    await expect(admit(await signedBy(qa))).rejects.toMatchObject({ code: "signature_rejected" });
  });

  test("refuses an agent that it does not name", async () => {
    await writePolicy(`  - agents: [sales]\n    signers:\n${TEAM}`);
    await expect(admit(await signedBy(team))).rejects.toMatchObject({
      message: expect.stringContaining("found no rule for support"),
    });
  });

  test("counts a key until its time is over, by the clock of the one who verifies", async () => {
    await writePolicy(`  - agents: ["*"]\n    signers:\n${TEAM}        until: 2026-06-02\n`);
    expect(await admit(await signedBy(team))).toHaveLength(1);
    await writePolicy(`  - agents: ["*"]\n    signers:\n${TEAM}        until: 2026-06-01\n`);
    await expect(admit(await signedBy(team))).rejects.toMatchObject({
      message: expect.stringContaining(
        "counts before 2026-06-01T00:00:00.000Z, and it is 2026-06-01T00:00:00.000Z here",
      ),
    });
  });
});

describe("fails closed, with every problem and its place, for a policy", () => {
  const problemsOf = async (file: string): Promise<unknown> => readTrustPolicy(file).catch((error: unknown) => error);

  test("that is no YAML, or gives a key twice", async () => {
    const file = await writePolicy("  - agents: [a]\n    agents: [b]\n");
    expect(await problemsOf(file)).toMatchObject({ code: "trust_policy_invalid", problems: [{ line: 5, column: 5 }] });
    await expect(admit(await signedBy(team))).rejects.toMatchObject({ code: "trust_policy_invalid" });
  });

  test("with unknown fields and values", async () => {
    const file = await writePolicy(`  - agents: [a]\n    require: 2\n    signers: [{ kee: 1 }]\n`);
    expect(await problemsOf(file)).toMatchObject({
      code: "trust_policy_invalid",
      message: `found 3 problems in ${file}`,
      problems: [
        { line: 5, column: 5, message: 'found field "require", which rules[0] does not have' },
        { line: 6, message: expect.any(String) },
        { line: 6, message: expect.any(String) },
      ],
    });
  });

  test("with keys that are missing, none, or of another kind", async () => {
    await writeFile(join(directory, "private.pem"), team.privatePem);
    const file = await writePolicy(
      "  - agents: [a]\n    signers:\n" +
        "      - key: { name: gone, file: keys/gone.pub }\n" +
        "      - key: { name: private, file: private.pem }\n" +
        "      - key: { name: folder, file: keys }\n" +
        "      - key: { name: word, pem: hunter2 }\n",
    );
    expect(await problemsOf(file)).toMatchObject({
      problems: [
        { line: 6, column: 28, message: expect.stringContaining("found no readable file") },
        { line: 7, message: expect.stringContaining("found a private key") },
        { line: 8, message: expect.stringContaining("is not a file") },
        { line: 9, message: expect.not.stringContaining("hunter2") },
      ],
    });
  });

  test("with an identity and no trusted root, or one that is none", async () => {
    const rules = `  - agents: [a]\n    signers:\n      - identity: { issuer: i, subject: s }\n`;
    expect(await problemsOf(await writePolicy(rules))).toMatchObject({
      problems: [{ line: 5, message: expect.stringContaining("expected trustedRoot:") }],
    });
    await writeFile(join(directory, "root.json"), '{"mediaType":"application/json"}');
    expect(await problemsOf(await writePolicy(rules, "trustedRoot: root.json\n"))).toMatchObject({
      problems: [{ line: 3, message: expect.stringContaining("which is no Sigstore trusted root") }],
    });
    const empty = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}';
    await writeFile(join(directory, "root.json"), empty);
    expect(await problemsOf(await writePolicy(rules, "trustedRoot: root.json\n"))).toMatchObject({
      problems: [{ line: 3, message: expect.stringContaining("without certificate authorities") }],
    });
  });

  test("that is empty, huge, a directory, or cannot be read", async () => {
    const file = join(directory, "policy.yaml");
    for (const text of ["", "#".repeat(2_000_000)]) {
      await writeFile(file, text);
      await expect(readTrustDirectory(directory)).rejects.toMatchObject({ code: "trust_policy_invalid" });
    }
    await rm(file);
    await mkdir(file);
    await expect(readTrustDirectory(directory)).rejects.toMatchObject({ code: "trust_policy_invalid" });
  });

  test("that is not there, while a trusted root is given", async () => {
    await writeFile(join(directory, "team.pub"), team.publicPem);
    await expect(readTrustDirectory(directory, { trustedRoot: "root.json" })).rejects.toMatchObject({
      code: "trust_policy_invalid",
      message: expect.stringContaining("found a trusted root and no policy.yaml"),
    });
  });

  test("whose file is called otherwise, while keys lie beside it", async () => {
    await writeFile(join(directory, "team.pub"), team.publicPem);
    await writeFile(join(directory, "trust-policy.yaml"), "rules: []");
    await expect(readTrustDirectory(directory)).rejects.toMatchObject({
      code: "trust_policy_invalid",
      message: expect.stringContaining("found trust-policy.yaml"),
    });
  });
});

test("the policy that the documentation shows is one", async () => {
  const page = await readFile(fileURLToPath(new URL("../../../../docs/signing.md", import.meta.url)), "utf8");
  const [, example = ""] = /```yaml\n([^]*?)```/.exec(page) ?? [];
  const yaml = readYaml(example);
  expect(yaml.kind === "read" && checkTrustPolicy(yaml.value)).toMatchObject({ kind: "valid" });
});
