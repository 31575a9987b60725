import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { packDirectory, storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease } from "@perch/adapters/sigstore";
import { parseReleaseReference, type Digest } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));

let data = "";
let server: ChildProcess;
let serverUrl = "";
const digests: Digest[] = [];

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "perch-point-"));
  const pair = generateKeyPair();
  await mkdir(join(data, "trust"));
  await writeFile(join(data, "trust", "us.pub"), pair.publicPem);
  const key = parseSigningKey(pair.privatePem, "the test");
  const registry = createDirectoryRegistry(join(data, "registry"));
  await mkdir(join(data, "app"));
  await writeFile(join(data, "app", "main.mjs"), "");
  const orchestration = Uint8Array.from((await packDirectory(join(data, "app"))).bytes);
  for (const version of ["1.0.0", "1.1.0", "6.6.6"]) {
    const release = aBuiltRelease({ version, prompt: `Prompt of ${version}`, orchestration });
    const { digest } = await storeRelease(registry, release);
    digests.push(digest);
    // The last one is signed by nobody.
    if (version === "6.6.6") continue;
    await signRelease(registry, parseReleaseReference(`support@${version}`), { key, now: new Date() });
  }
  await start();
});
afterAll(async () => {
  await stop();
  await rm(data, { recursive: true, force: true });
});

async function start(): Promise<void> {
  server = spawn(process.execPath, [PERCH, "up", "--data", data, "--port", "0", "--gateway-port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve) => server.stdout?.once("data", (bytes) => resolve(String(bytes))));
  serverUrl = (JSON.parse(line) as { server: string }).server;
}

async function stop(): Promise<void> {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await ended;
}

function perch(...args: readonly string[]) {
  const env = { ...process.env, PERCH_DATA: data, PERCH_SERVER: serverUrl };
  const ran = spawnSync(process.execPath, [PERCH, "release", ...args], { env });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

test("a pointer is set, used wherever a release is named, moved by compare-and-set, and told in the history", async () => {
  expect(perch("point", "support:stable", "support@6.6.6")).toMatchObject({
    code: 1,
    err: expect.stringContaining("found no signature on support@6.6.6"),
  });
  expect(perch("point", "support:stable", "support@1.0.0", "--expect", "none", "--reason", "the first").code).toBe(0);
  expect(perch("verify", "support:stable").out).toContain(digests[0]);
  expect(perch("inspect", "support:stable").out).toContain("support@1.0.0");
  expect(perch("diff", "support:stable", "support@1.1.0").out).toContain("prompt");

  const tooLate = perch("point", "support:stable", "support@1.1.0", "--expect", "none");
  expect(tooLate).toMatchObject({ code: 1, err: expect.stringContaining(`found support:stable at ${digests[0]}`) });
  expect(perch("point", "support:stable", "support@1.1.0", "--expect", "support@1.0.0").code).toBe(0);

  await stop();
  await start();
  expect(JSON.parse(perch("point", "support:stable", "--json").out)).toMatchObject({
    pointer: "stable",
    release: { version: "1.1.0", digest: digests[1] },
  });
  const history = perch("list", "support", "--history").out;
  expect(history).toMatch(/1\.1\.0 {2}sha256:.{12}… {2}Inactive {2}:stable/);
  expect(history).toMatch(/stable: not set → 1\.0\.0 by cli:\S+: the first\n.*\n.*stable: 1\.0\.0 → 1\.1\.0 by cli:/);
  expect(perch("point", "support:stable", "--remove").code).toBe(0);
  expect(perch("verify", "support:stable")).toMatchObject({
    code: 1,
    err: expect.stringContaining("found no pointer support:stable"),
  });
});

test.each([
  ["a version where a pointer is meant", ["support@1.0.0"], 'found "support@1.0.0", expected a pointer'],
  ["both a release and --remove", ["support:x", "support@1.0.0", "--remove"], "found both a release and --remove"],
])("%s is a usage error", (_, args, message) => {
  expect(perch("point", ...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
});
