import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCredentialSource } from "./credentials.ts";

const HOST = "registry.example:5000";
const SECRET = "hunter2:with:colons";
const password = { kind: "password", username: "ci", password: SECRET };

let home = "";
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "perch-credentials-"));
  await aHelper(
    "known",
    `read server; printf '{"ServerURL":"%s","Username":"ci","Secret":"for %s"}' "$server" "$server"`,
  );
  await aHelper("token", `printf '{"ServerURL":"x","Username":"<token>","Secret":"identity"}'`);
  await aHelper("empty", `echo "credentials not found in native keychain"; exit 1`);
  await aHelper("broken", `echo "${SECRET}"; exit 3`);
  await aHelper("chatty", `echo "${SECRET}"`);
});
afterAll(async () => rm(home, { recursive: true, force: true }));

async function aHelper(name: string, script: string): Promise<void> {
  const file = join(home, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

/** An environment whose docker configuration is this. */
async function configured(config: unknown): Promise<Record<string, string>> {
  await writeFile(join(home, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  return { DOCKER_CONFIG: home, PATH: [home, process.env["PATH"] ?? ""].join(delimiter) };
}

const auth = Buffer.from(`ci:${SECRET}`).toString("base64");

test("the environment comes first, then REGISTRY_AUTH_FILE, then docker's own file; else there are none", async () => {
  const own = await configured({ auths: { [HOST]: { auth: Buffer.from("docker:x").toString("base64") } } });
  const file = join(home, "auth.json");
  await writeFile(file, JSON.stringify({ auths: { [HOST]: { auth: Buffer.from("file:x").toString("base64") } } }));
  const named = { ...own, REGISTRY_AUTH_FILE: file };
  const given = { ...named, PERCH_REGISTRY_USERNAME: "env", PERCH_REGISTRY_PASSWORD: "x" };
  for (const [env, username] of [
    [given, "env"],
    [named, "file"],
    [own, "docker"],
  ] as const) {
    expect(await createCredentialSource(env)(HOST)).toMatchObject({ username });
  }
  expect(await createCredentialSource({ HOME: join(home, "nobody") })(HOST)).toBeNull();
  expect(await createCredentialSource(own)("other.example")).toBeNull();
});

test("a user without a password is a mistake that is told", async () => {
  for (const name of ["PERCH_REGISTRY_USERNAME", "PERCH_REGISTRY_PASSWORD"]) {
    await expect(createCredentialSource({ [name]: "x" })(HOST)).rejects.toMatchObject({ code: "registry_refused" });
  }
});

test("a file that was named has to be there", async () => {
  const reading = createCredentialSource({ REGISTRY_AUTH_FILE: join(home, "missing.json") })(HOST);
  await expect(reading).rejects.toMatchObject({
    message: expect.stringContaining("missing.json: found a file that cannot be read"),
  });
});

describe("docker's configuration", () => {
  test.each([
    [{ auths: { [HOST]: { auth } } }, HOST, password],
    [{ auths: { [`https://${HOST}/v2/`]: { auth } } }, HOST, password],
    [{ auths: { [HOST]: { username: "ci", password: SECRET } } }, HOST, password],
    [{ auths: { [HOST]: { auth, identitytoken: "identity" } } }, HOST, { kind: "identityToken", token: "identity" }],
    [{ auths: { [HOST]: {} } }, HOST, null],
    [{ auths: { "registry.example": { auth } } }, HOST, null],
    [{}, HOST, null],
    [{ credsStore: "known" }, HOST, { kind: "password", username: "ci", password: `for ${HOST}` }],
    [{ credHelpers: { [HOST]: "token" }, credsStore: "known" }, HOST, { kind: "identityToken", token: "identity" }],
    [{ credsStore: "empty", auths: { [HOST]: { auth } } }, HOST, password],
    [{ credHelpers: { other: "broken" } }, HOST, null],
  ])("%j gives %s what is meant for it", async (config, host, expected) => {
    expect(await createCredentialSource(await configured(config))(host)).toEqual(expected);
  });

  test.each([
    [`{"auths":"${SECRET}`],
    [{ auths: SECRET }],
    [{ auths: { [HOST]: { auth: Buffer.from(SECRET.replaceAll(":", "")).toString("base64") } } }],
    [{ credsStore: "missing" }],
    [{ credsStore: "broken" }],
    [{ credsStore: "chatty" }],
    [{ credsStore: "../known" }],
  ])("%j is a mistake that is told without a secret", async (config) => {
    const refusal = await createCredentialSource(await configured(config))(HOST).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "registry_refused" });
    expect(`${String(refusal)} ${JSON.stringify(refusal)}`).not.toContain("hunter2");
  });
});
