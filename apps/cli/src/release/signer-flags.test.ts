import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseSigner, type SignerFlags } from "./signer-flags.ts";

const NOBODY = { fromEnvironment: null, ask: null };
const URL = "http://127.0.0.1:1";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-signer-"));
  const claims = Buffer.from(JSON.stringify({ iss: "https://ci.example", sub: "s" })).toString("base64url");
  await writeFile(join(scratch, "token"), `e30.${claims}.c2ln\n`);
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

describe("who signs is a mistake of usage", () => {
  test.each<[SignerFlags, string]>([
    [{}, "found no signer, expected --key FILE or --keyless"],
    [{ keyless: true }, "found no identity token"],
    [{ key: "k", identityTokenFile: "token" }, "found an option of --keyless without it"],
    [{ key: "k", fulcio: URL }, "found an option of --keyless without it"],
    [{ key: "k", rekor: URL }, "found an option of --keyless without it"],
    [{ keyless: true, identityTokenFile: "token", fulcio: URL }, "found --fulcio alone"],
    [{ keyless: true, identityTokenFile: "token", rekor: URL }, "found --rekor or --tsa without --fulcio"],
    [{ keyless: true, identityTokenFile: "token", tsa: URL }, "found --rekor or --tsa without --fulcio"],
    [{ keyless: true, identityTokenFile: "token", fulcio: "nowhere", tsa: URL }, 'found the URL "nowhere"'],
    [{ keyless: true, identityTokenFile: "token", fulcio: "file:///etc", tsa: URL }, 'found the URL "file:///etc"'],
  ])("for %j", async (flags, message) => {
    const inScratch = flags.identityTokenFile === undefined ? {} : { identityTokenFile: join(scratch, "token") };
    await expect(chooseSigner({ ...flags, ...inScratch }, NOBODY)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(message),
    });
  });
});

test("an identity signs with the services that are named, and without any with the public ones", async () => {
  const identityTokenFile = join(scratch, "token");
  for (const urls of [{}, { fulcio: URL, rekor: URL }, { fulcio: URL, tsa: URL }]) {
    expect(await chooseSigner({ keyless: true, identityTokenFile, ...urls }, NOBODY)).toMatchObject({
      kind: "keyless",
    });
  }
});
