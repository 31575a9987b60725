import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passwordForNewKey, passwordSource, passwordToOpen, type PasswordSource } from "./key-password.ts";

let scratch = "";
let file = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-password-"));
  file = join(scratch, "password");
  await writeFile(file, "from file\r\n");
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

const NOBODY: PasswordSource = { fromEnvironment: null, ask: null };

/** Somebody who answers one question after the other. */
function answering(...answers: readonly string[]): PasswordSource & { readonly asked: string[] } {
  const asked: string[] = [];
  const left = [...answers];
  return {
    fromEnvironment: null,
    asked,
    ask: async (question) => {
      asked.push(question);
      return left.shift() ?? "";
    },
  };
}

describe("the password that opens a key", () => {
  test("is that of the file, then that of the environment, then the person's", async () => {
    const environment = { ...NOBODY, fromEnvironment: "from environment" };
    expect(await passwordToOpen("k", { passwordFile: file }, environment)).toBe("from file");
    expect(await passwordToOpen("k", {}, environment)).toBe("from environment");
    const person = answering("from a person");
    expect(await passwordToOpen("k", {}, person)).toBe("from a person");
    expect(person.asked).toEqual(["password of k: "]);
  });

  test("may be empty, as cosign allows", async () => {
    expect(await passwordToOpen("k", {}, { ...NOBODY, fromEnvironment: "" })).toBe("");
  });

  test("is missed with a hint where nobody can be asked, and where its file is", async () => {
    await expect(passwordToOpen("k", {}, NOBODY)).rejects.toMatchObject({
      hint: expect.stringContaining("COSIGN_PASSWORD"),
    });
    const missing = { passwordFile: join(scratch, "gone") };
    await expect(passwordToOpen("k", missing, NOBODY)).rejects.toMatchObject({ code: "input_invalid" });
  });

  test("of the environment is Perch's variable before cosign's, and a terminal can be asked", () => {
    const both = passwordSource({ PERCH_KEY_PASSWORD: "perch", COSIGN_PASSWORD: "cosign" }, { isTTY: true });
    expect(both.fromEnvironment).toBe("perch");
    expect(both.ask).not.toBeNull();
    expect(passwordSource({ COSIGN_PASSWORD: "cosign" }, {})).toEqual({ fromEnvironment: "cosign", ask: null });
    expect(passwordSource({}, {})).toEqual(NOBODY);
  });
});

describe("the password of a new key", () => {
  test("is asked for twice, and taken when both are the same", async () => {
    const person = answering("same", "same");
    expect(await passwordForNewKey({}, person)).toBe("same");
    expect(person.asked).toHaveLength(2);
    await expect(passwordForNewKey({}, answering("one", "other"))).rejects.toMatchObject({
      message: expect.stringContaining("two different passwords"),
    });
  });

  test("is never empty, and not asked for again where it was given", async () => {
    const given = { ...NOBODY, fromEnvironment: "given" };
    expect(await passwordForNewKey({}, given)).toBe("given");
    for (const empty of [answering("", ""), { ...NOBODY, fromEnvironment: "" }]) {
      await expect(passwordForNewKey({}, empty)).rejects.toMatchObject({ message: expect.stringContaining("empty") });
    }
  });
});
