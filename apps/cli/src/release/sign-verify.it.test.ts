import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { storeRelease } from "@perch/adapters/release-artifact";
import { openRegistry } from "@perch/adapters/release-registry";
import { aBuiltRelease } from "@perch/testkit";
import { anIdentityToken, startSigstoreServices } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));
const RELEASE = "support@1.0.0";
const { digest } = aBuiltRelease();

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-sign-cli-"));
  await storeRelease(openRegistry(join(scratch, "registry"), {}), aBuiltRelease());
  await writeFile(join(scratch, "password"), "correct horse\n");
  await writeFile(join(scratch, "predicate.json"), '{"result":"PASSED","configuration":[]}');
  for (const args of [["team.", "--encrypt", "--password-file", "password"], ["qa."]]) {
    const [name, ...rest] = args;
    expect(await perch("key", "generate", "--out", `${name ?? ""}x`, ...rest)).toMatchObject({ code: 0 });
  }
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

type Ran = { readonly code: number; readonly out: string; readonly err: string };

function perchWith(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<Ran> {
  const own = { PATH: process.env["PATH"], PERCH_DATA: scratch, NO_COLOR: "1", ...env };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [PERCH, ...args], { cwd: scratch, env: own }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
    child.stdin?.end();
  });
}
const perch = (...args: readonly string[]): Promise<Ran> => perchWith({}, args);
const json = ({ out }: Ran): unknown => JSON.parse(out);

async function writePolicy(name: string, rules: string): Promise<void> {
  await writeFile(join(scratch, name), `apiVersion: perch.dev/v1\nkind: TrustPolicy\nrules:\n${rules}`);
}

describe("an encrypted key", () => {
  test("is cosign's key file, and signs with its password from a file or the environment, and not without", async () => {
    expect(await readFile(join(scratch, "team.x.key"), "utf8")).toMatch(
      /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/,
    );
    const sign = ["release", "sign", RELEASE, "--key", "team.x.key", "--json"];
    expect(json(await perch(...sign, "--password-file", "password"))).toMatchObject({ digest, isNew: true });
    const env = { PERCH_KEY_PASSWORD: "correct horse", COSIGN_PASSWORD: "another" };
    expect(json(await perchWith(env, sign))).toMatchObject({ isNew: false });
    expect(await perch(...sign)).toMatchObject({ code: 1, err: expect.stringContaining("found no password") });
  });

  test("is not made with an empty password", async () => {
    const empty = await perchWith({ COSIGN_PASSWORD: "" }, ["key", "generate", "--out", "new", "--encrypt"]);
    expect(empty).toMatchObject({ code: 1, err: expect.stringContaining("found an empty password") });
  });
});

describe("a trust policy", () => {
  test("is verified against from a file, and governs alone in the data directory", async () => {
    await perch("release", "sign", RELEASE, "--key", "team.x.key", "--password-file", "password");
    const both =
      "  - agents: [support]\n    required: 2\n    signers:\n" +
      "      - key: { name: team, file: team.x.pub }\n      - key: { name: qa, file: qa.x.pub }\n";
    await writePolicy("both.yaml", both);
    const verify = ["release", "verify", RELEASE, "--policy", "both.yaml"];
    const half = await perch(...verify);
    expect(half).toMatchObject({ code: 1, err: expect.stringMatching(/found 1 of 2 required signers \(team \(/) });
    await perch("release", "sign", RELEASE, "--key", "qa.x.key", "--legacy-tag");
    expect(json(await perch(...verify, "--json"))).toMatchObject({
      verified: true,
      signedBy: [expect.stringMatching(/^team \([0-9a-f]{16}\)$/), expect.stringMatching(/^qa \([0-9a-f]{16}\)$/)],
    });
    await perch("key", "trust", "qa.x.pub");
    expect((await perch("release", "verify", RELEASE)).code).toBe(0);
    await writePolicy("trust/policy.yaml", both.replaceAll("support", "sales").replaceAll("file: ", "file: ../"));
    const other = await perch("release", "verify", RELEASE);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining("found no rule for support") });
    const beside = await perch("key", "trust", "team.x.pub");
    expect(beside).toMatchObject({ code: 1, err: expect.stringContaining("which alone says whom to trust") });
    await rm(join(scratch, "trust"), { recursive: true });
  });

  test("with problems trusts nobody, and tells each with its line and column", async () => {
    await writePolicy(
      "bad.yaml",
      "  - agents: [support]\n    signers: [{ key: { name: x, file: gone.pub } }]\n    needs: 1\n",
    );
    const ran = await perch("release", "verify", RELEASE, "--policy", "bad.yaml", "--json");
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(JSON.parse(ran.err)).toMatchObject({
      error: { code: "trust_policy_invalid", problems: [{ line: 6, column: 5 }] },
    });
  });

  test("has a published schema", async () => {
    expect(json(await perch("release", "schema", "--kind", "trust-policy"))).toMatchObject({
      title: "Perch trust policy",
    });
  });
});

test("an attestation is attached, listed, counted, and is no signature", async () => {
  const data = join(scratch, "attested");
  await storeRelease(openRegistry(join(data, "registry"), {}), aBuiltRelease());
  const env = { PERCH_DATA: data };
  const attach = ["release", "attach", RELEASE, "--predicate", join(scratch, "predicate.json"), "--key", "qa.x.key"];
  expect(json(await perchWith(env, [...attach, "--type", "evaluation", "--json"]))).toMatchObject({
    digest,
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
  });
  const listed = await perchWith(env, ["release", "attestations", RELEASE, "--key", "qa.x.pub", "--json"]);
  expect(json(listed)).toMatchObject({ attestations: [{ trusted: true, createdAt: expect.any(String) }] });
  const untrusted = await perchWith(env, ["release", "attestations", RELEASE]);
  expect(untrusted.out).toMatch(
    /^nobody is trusted: .*\nnot signed\nattestation https:.*not trusted: no trusted key made it/,
  );
  expect(json(await perchWith(env, ["release", "inspect", RELEASE, "--json"]))).toMatchObject({ attestations: 1 });
  expect((await perchWith(env, ["release", "list"])).out).toContain("unsigned, 1 attestation");
  const verified = await perchWith(env, ["release", "verify", RELEASE, "--key", "qa.x.pub", "--json"]);
  expect(JSON.parse(verified.err)).toMatchObject({ error: { code: "unsigned" } });
  const refused = await perchWith(env, [...attach, "--type", "provenance"]);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("found a predicate that does not fit") });
});

describe("signing by an identity", () => {
  test("asks the services that are named, and is verified offline by policy and trusted root", async () => {
    const services = await startSigstoreServices({ issuedAt: new Date(Date.now() - 60_000) });
    await writeFile(
      join(scratch, "token"),
      `${anIdentityToken({ iss: "https://ci.example", sub: "https://git.example/a" })}\n`,
    );
    await mkdir(join(scratch, "roots"));
    await writeFile(join(scratch, "roots", "trusted_root.json"), JSON.stringify(services.trustedRoot));
    const sign = ["release", "sign", RELEASE, "--keyless", "--identity-token-file", "token"];
    const signed = await perch(...sign, "--fulcio", services.url, "--rekor", services.url, "--tsa", services.url);
    await services.stop();
    expect(signed).toMatchObject({
      code: 0,
      out: expect.stringContaining("signed by https://git.example/a (https://ci.example)"),
    });
    const signer = '{ identity: { issuer: "https://ci.example", subject: "https://git.example/*" } }';
    await writePolicy("identity.yaml", `  - { agents: ["*"], signers: [${signer}] }\n`);
    const verify = ["release", "verify", RELEASE, "--policy", "identity.yaml"];
    expect((await perch(...verify)).err).toContain("expected trustedRoot:");
    expect(await perch(...verify, "--trusted-root", "roots/trusted_root.json")).toMatchObject({ code: 0 });
  });

  test("with a key too is a mistake of usage", async () => {
    const ran = await perch("release", "sign", RELEASE, "--keyless", "--key", "qa.x.key");
    expect(ran).toMatchObject({ code: 2, out: "", err: expect.stringContaining("cannot be used with option") });
  });
});
