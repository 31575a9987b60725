import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { aBuiltRelease } from "@perch/testkit";
import { S3_CREDENTIALS, startS3Server, type S3Server } from "@perch/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));

let scratch = "";
let server: S3Server;
let location = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-cli-s3-"));
  server = await startS3Server("fauxqs");
  await server.makeBucket("releases");
  location = `s3://releases/team?endpoint=${server.endpoint}&region=eu-central-1`;
  await storeRelease(createDirectoryRegistry(join(scratch, ".perch", "registry")), aBuiltRelease());
  await perch("key", "generate", "--out", "keys/");
  await perch("key", "trust", "keys/perch.pub");
  await perch("release", "sign", "support@1.0.0", "--key", "keys/perch.key");
});
afterAll(async () => {
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
});

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

const AWS = { AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey };

function perch(...args: readonly string[]): Promise<Ran> {
  const env = { ...process.env, ...AWS, NO_COLOR: "1" };
  const child = spawn(process.execPath, [PERCH, ...args], { cwd: scratch, env });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data: Buffer) => (said.out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said.err += data.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...said })));
}

test("a release is pushed to a bucket, verified, listed and inspected there, signed there, and pulled from it", async () => {
  const { digest } = aBuiltRelease();
  const pushed = await perch("release", "push", "support@1.0.0", "--to", location, "--json");
  expect(pushed).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(pushed.out)).toMatchObject({
    digest,
    blobsCopied: 9,
    referrers: 1,
    to: location,
  });

  const inBucket = ["--registry", location, "--json"];
  const verified = await perch("release", "verify", "support@1.0.0", ...inBucket);
  expect(JSON.parse(verified.out)).toMatchObject({ verified: true, digest });
  expect((await perch("key", "generate", "--out", "others/")).code).toBe(0);
  expect((await perch("release", "sign", "support@1.0.0", "--key", "others/perch.key", ...inBucket)).code).toBe(0);
  const listed = await perch("release", "list", ...inBucket);
  expect(JSON.parse(listed.out)).toEqual({
    releases: [{ agent: "support", version: "1.0.0", digest, signatures: 2, attestations: 0 }],
  });
  expect(JSON.parse((await perch("release", "inspect", `support@${digest}`, ...inBucket)).out)).toMatchObject({
    digest,
  });

  const pulled = await perch("release", "push", "support@1.0.0", "--registry", location, "--to", "pulled");
  expect(pulled).toMatchObject({ code: 0, err: "" });
  const again = await perch("release", "verify", "support@1.0.0", "--registry", "pulled", "--key", "others/perch.pub");
  expect(again.code).toBe(0);
});

test.each([
  ["s3://nowhere/team", "error: found no such bucket for s3://nowhere/team at", "hint: create the bucket"],
  ["s3://AKIA:hunter2@releases/team", "error: found credentials in the location", "hint: endpoint and region"],
])("pushing to %s says what was found and what to do, and no secret", async (to, error, hint) => {
  const ran = await perch("release", "push", "support@1.0.0", "--to", `${to}?endpoint=${server.endpoint}&region=x`);
  expect(ran).toMatchObject({ code: 1, out: "" });
  expect(ran.err).toContain(error);
  expect(ran.err).toContain(hint);
  expect(ran.err).not.toMatch(/hunter2|a-secret-of-tests/);
});
