import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, parseAgentName, parseReleaseReference } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { findDockerRegistry, findProgram, startDockerRegistry, type DockerRegistry } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { copyRelease, storeRelease } from "../release-artifact/index.ts";
import {
  generateKeyPair,
  parseSigningKey,
  parseTrustedKey,
  signRelease,
  trustKeys,
  verifyRelease,
} from "../sigstore/index.ts";
import { createOciRegistry } from "./oci-registry.ts";

const SUPPORT = parseAgentName("support");
const REFERENCE = parseReleaseReference("support@1.0.0+build.7");
const release = aBuiltRelease({ version: "1.0.0+build.7" });
const isMissing = findDockerRegistry() === null;

let scratch = "";
let server: DockerRegistry;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-interoperation-"));
  if (!isMissing) server = await startDockerRegistry();
});
afterAll(async () => {
  await server?.stop();
  await rm(scratch, { recursive: true, force: true });
});

const registryAt = (prefix: string) => createOciRegistry({ origin: `http://${server.host}`, prefix });
const directoryAt = (name: string) => createDirectoryRegistry(join(scratch, name));

/** A tool of somebody else; one that fails shows what it said. Null where it is not installed. */
function tool(name: string): ((...args: readonly string[]) => string) | null {
  const program = findProgram(name);
  if (program === null || isMissing) return null;
  return (...args) =>
    execFileSync(program, args, { cwd: scratch, env: { ...process.env, HOME: scratch }, encoding: "utf8" });
}

const skipped = (name: string): string =>
  tool(name) === null ? ` (skipped: no ${name} or docker-registry on the PATH)` : "";
const skopeo = tool("skopeo");
const oras = tool("oras");

describe.skipIf(skopeo === null)(`skopeo${skipped("skopeo")}`, () => {
  const copy = (...args: string[]) =>
    skopeo?.(
      "copy",
      "--insecure-policy",
      "--preserve-digests",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      ...args,
    );

  test("copies what perch pushed into a directory, where perch finds it under the same digest", async () => {
    await storeRelease(registryAt("pushed"), release);
    copy(
      `docker://${server.host}/pushed/support:1.0.0_build.7`,
      `oci:${join(scratch, "copied")}:support-1.0.0_build.7`,
    );
    const [entry, ...others] = await directoryAt("copied").repository(SUPPORT).releases();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ version: "1.0.0+build.7", descriptor: { digest: release.digest } });
  });

  test("copies a directory of perch into a registry, where perch finds and verifies it under the same digest", async () => {
    const pair = generateKeyPair();
    await storeRelease(directoryAt("built"), release);
    copy(`oci:${join(scratch, "built")}:support-1.0.0_build.7`, `docker://${server.host}/copied/support:1.0.0_build.7`);
    const registry = registryAt("copied");
    const [entry] = await registry.repository(SUPPORT).releases();
    expect(entry?.descriptor.digest).toBe(release.digest);
    await signRelease(registry, REFERENCE, { key: parseSigningKey(pair.privatePem, "it"), now: new Date(0) });
    const verified = await verifyRelease(registry, REFERENCE, {
      trust: trustKeys([parseTrustedKey(pair.publicPem, "it")], "the test"),
      now: new Date(),
    });
    expect(verified.digest).toBe(release.digest);
  });
});

describe.skipIf(oras === null)(`oras${skipped("oras")}`, () => {
  test("pulls the components of a release as files, and shows its digest and what refers to it", async () => {
    const registry = registryAt("for-oras");
    await storeRelease(registry, release);
    await signRelease(registry, REFERENCE, {
      key: parseSigningKey(generateKeyPair().privatePem, "it"),
      now: new Date(0),
    });
    const name = `${server.host}/for-oras/support:1.0.0_build.7`;
    const resolved = oras?.("resolve", "--plain-http", name).trim();
    expect(resolved).toBe(release.digest);
    expect(oras?.("discover", "--plain-http", "--format", "json", name)).toContain(
      "application/vnd.dev.sigstore.bundle.v0.3+json",
    );
    const files = join(scratch, "files");
    oras?.("pull", "--plain-http", "--output", files, name);
    const pulled = await readdir(files, { recursive: true, withFileTypes: true });
    const digests = await Promise.all(
      pulled
        .filter((entry) => entry.isFile())
        .map(async (entry) => digestOf(await readFile(join(entry.parentPath, entry.name)))),
    );
    expect(new Set(digests)).toEqual(new Set(release.manifest.components.map(({ digest }) => digest)));
  });

  test("copies a release with its signatures to another repository, where perch verifies it", async () => {
    const pair = generateKeyPair();
    await storeRelease(directoryAt("signed"), release);
    await signRelease(directoryAt("signed"), REFERENCE, {
      key: parseSigningKey(pair.privatePem, "it"),
      now: new Date(0),
    });
    await copyRelease(directoryAt("signed"), registryAt("first"), REFERENCE);
    const names = ["first", "second"].map((prefix) => `${server.host}/${prefix}/support:1.0.0_build.7`);
    oras?.("cp", "--recursive", "--from-plain-http", "--to-plain-http", ...names);
    const verified = await verifyRelease(registryAt("second"), REFERENCE, {
      trust: trustKeys([parseTrustedKey(pair.publicPem, "it")], "the test"),
      now: new Date(),
    });
    expect(verified).toMatchObject({ digest: release.digest, signedBy: [pair.fingerprint] });
  });
});
