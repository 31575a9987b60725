import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePinSecrets, readOverride } from "@perch/domain";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createOverride, type OverrideWish } from "./create-override.ts";

const SECRET = "k".repeat(32);

describe("a token for a release", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "perch-override-"));
    writeFileSync(join(directory, "secret"), `${SECRET}\n`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const env: Record<string, string> = {};
  async function create(change: Partial<OverrideWish> = {}) {
    const wish = { agent: "support", release: "2.3.1", ttl: "10m", data: directory, ...change };
    return await createOverride({ pinSecretFile: join(directory, "secret"), ...wish }, { now: () => 1000, env });
  }
  const read = (token: string, now = 1000) => readOverride(token, now, parsePinSecrets(SECRET));

  test("is what the gateways read, for as long as it was made for", async () => {
    const { token, override } = await create();
    expect(override).toMatchObject({ agent: "support", release: "support@2.3.1", session: null, expiresAt: 601_000 });
    expect(read(token)).toEqual(override);
    expect(read(token, 601_000)).toBeNull();
  });

  test("may be good for one session only", async () => {
    const { token } = await create({ release: "support@2.3.1", session: "s-1" });
    expect(read(token)).toMatchObject({ session: "s-1" });
  });

  test.each<[Partial<OverrideWish>, string]>([
    [{ agent: "Support" }, "expected an agent name"],
    [{ release: "latest" }, 'expected "agent@1.2.3"'],
    [{ release: "sales@2.3.1" }, "expected one of support"],
    [{ ttl: "soon" }, "expected a duration"],
    [{ ttl: "25h" }, "at most 24h"],
    [{ session: "two words" }, "expected a session id"],
  ])("is not made for %j", async (wish, reason) => {
    await expect(create(wish)).rejects.toThrow(reason);
  });

  test("is made with the secret of the data directory, the environment or a file, whichever is nearest", async () => {
    const wish = { agent: "support", release: "2.3.1", ttl: "10m", data: directory };
    const made = (env: Record<string, string>) => createOverride(wish, { now: () => 1000, env });
    await expect(made({})).rejects.toThrow("pin-secret");
    mkdirSync(join(directory, "gateway"));
    writeFileSync(join(directory, "gateway", "pin-secret"), SECRET);
    expect(read((await made({})).token)).not.toBeNull();
    expect(read((await made({ PERCH_PIN_SECRET: "x".repeat(32) })).token)).toBeNull();
    const named = { PERCH_PIN_SECRET: "x".repeat(32), PERCH_PIN_SECRET_FILE: join(directory, "secret") };
    expect(read((await made(named)).token)).not.toBeNull();
  });

  test("is not made without a secret that gateways could know", async () => {
    writeFileSync(join(directory, "secret"), "short");
    await expect(create()).rejects.toMatchObject({ code: "secret_unusable" });
    rmSync(join(directory, "secret"));
    await expect(create()).rejects.toMatchObject({ code: "input_invalid" });
  });
});
