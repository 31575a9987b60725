import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAgentName, parseReleaseReference } from "@perch/domain";
import { aBuiltRelease, describeReleaseRegistry } from "@perch/testkit";
import {
  findDockerRegistry,
  findProgram,
  startDockerRegistry,
  startTokenServer,
  type DockerRegistry,
  type TokenServer,
} from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyRelease, storeRelease } from "../release-artifact/index.ts";
import { createOciRegistry } from "./oci-registry.ts";

const SUPPORT = parseAgentName("support");
const isMissing = findDockerRegistry() === null;
const why = isMissing ? " (skipped: no docker-registry on the PATH)" : "";
// Pauses are shortened, not left out: the server needs them too.
const hurried = { sleep: (ms: number) => sleep(ms / 10) };

let scratch = "";
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-oci-auth-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

function freshPrefix(): string {
  count += 1;
  return `acme/p${count}`;
}

describe.skipIf(isMissing)(`docker-registry that wants a user and a password${why}`, () => {
  // The password is hunter2.
  const HTPASSWD = "ci:$2b$04$WXBgtstu1z/c79f57ENXROUJ4dedc3V2NxYGibnsEhtiZr5gBe5gG\n";
  let closed: DockerRegistry;
  beforeAll(async () => {
    const path = join(scratch, "htpasswd");
    await writeFile(path, HTPASSWD);
    closed = await startDockerRegistry({ auth: { htpasswd: { realm: "perch", path } } });
  });
  afterAll(async () => closed?.stop());

  const open = (password: string | null) =>
    createOciRegistry({
      origin: `http://${closed.host}`,
      prefix: freshPrefix(),
      ...hurried,
      credentials: async () => (password === null ? null : { kind: "password", username: "ci", password }),
    });
  describeReleaseRegistry("with htpasswd", { open: async () => open("hunter2"), race: "one-stands" });

  test.each([null, "wrong-horse"])("is not talked to in circles with the password %j", async (password) => {
    const writing = open(password).repository(SUPPORT).writeBlob(Buffer.from("x"));
    await expect(writing).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.not.stringContaining("wrong-horse"),
      hint: expect.stringContaining("PERCH_REGISTRY_USERNAME"),
    });
  });
});

const noTokens = isMissing || findProgram("openssl") === null;

describe.skipIf(noTokens)(
  `docker-registry that wants tokens${noTokens ? " (skipped: no docker-registry or openssl)" : ""}`,
  () => {
    let tokens: TokenServer;
    let closed: DockerRegistry;
    beforeAll(async () => {
      tokens = await startTokenServer({ username: "ci", password: "hunter2" });
      closed = await startDockerRegistry({ auth: tokens.auth });
    });
    afterAll(async () => {
      await closed?.stop();
      await tokens?.stop();
    });

    const open = (prefix: string, password = "hunter2") =>
      createOciRegistry({
        origin: `http://${closed.host}`,
        prefix,
        ...hurried,
        credentials: async () => ({ kind: "password", username: "ci", password }),
      });
    describeReleaseRegistry("with tokens", { open: async () => open(freshPrefix()), race: "one-stands" });

    test("asks for one token for each scope, however much is read and written", async () => {
      const registry = open(freshPrefix());
      const before = tokens.received.length;
      await storeRelease(registry, aBuiltRelease());
      await storeRelease(registry, aBuiltRelease({ version: "1.0.1" }));
      expect(await registry.repository(SUPPORT).releases()).toHaveLength(2);
      const asked = tokens.received
        .slice(before)
        .map(({ path }) => new URL(path, "http://it").searchParams.get("scope"));
      expect(asked).toHaveLength(2);
      expect(new Set(asked.map((scope) => scope?.split(":").at(-1)))).toEqual(new Set(["pull", "pull,push"]));
    });

    test("takes a blob over with a token for both repositories", async () => {
      const [first, second] = [open(freshPrefix()), open(freshPrefix())];
      await storeRelease(first, aBuiltRelease());
      expect(await copyRelease(first, second, parseReleaseReference("support@1.0.0"))).toMatchObject({ blobsTaken: 7 });
    });

    test("a password that the token server refuses is a refusal that does not repeat it", async () => {
      await expect(open(freshPrefix(), "wrong-horse").repository(SUPPORT).releases()).rejects.toMatchObject({
        code: "registry_refused",
        message: expect.stringMatching(/^GET \/token at 127\.0\.0\.1:\d+: found status 401/),
        hint: expect.stringContaining("docker login"),
      });
    });
  },
);
