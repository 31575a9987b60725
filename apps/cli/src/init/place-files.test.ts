import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { placeFiles, type Placing } from "./place-files.ts";

let scratch = "";
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-place-"));
});
afterEach(async () => rm(scratch, { recursive: true, force: true }));

const files = new Map([
  ["agent.yaml", "new"],
  ["tools/a.json", "{}"],
]);
const place = (directory: string, more: Partial<Placing> = {}) =>
  placeFiles({ directory: join(scratch, directory), files, isForced: false, check: async () => {}, ...more });
const all = async () => (await readdir(scratch, { recursive: true })).sort();
const refusing = { check: () => Promise.reject(new Error("no release")) };

test("a new directory appears whole, with the directories above it", async () => {
  await place("a/b");
  expect(await all()).toEqual(["a", "a/b", "a/b/agent.yaml", "a/b/tools", "a/b/tools/a.json"]);
});

test("what is there already stays beside the new files", async () => {
  await mkdir(join(scratch, "a", "tools"), { recursive: true });
  await writeFile(join(scratch, "a", "tools", "mine.json"), "mine");
  await place("a");
  expect(await all()).toEqual(["a", "a/agent.yaml", "a/tools", "a/tools/a.json", "a/tools/mine.json"]);
});

describe("nothing is left of a failure", () => {
  test("in a new directory", async () => {
    await expect(place("a/b", refusing)).rejects.toThrow("no release");
    expect(await all()).toEqual([]);
  });

  test("in a directory that is there", async () => {
    await mkdir(join(scratch, "a"));
    await expect(place("a", refusing)).rejects.toThrow("no release");
    expect(await all()).toEqual(["a"]);
  });

  test("half-way through replacing files: they are put back", async () => {
    await mkdir(join(scratch, "a"));
    await writeFile(join(scratch, "a", "agent.yaml"), "old");
    // Something takes the second file's place after the first look.
    const check = () => mkdir(join(scratch, "a", "tools", "a.json"), { recursive: true }).then(() => {});
    const late = {
      isForced: false,
      files: new Map([
        ["b.yaml", ""],
        ["tools/a.json", ""],
      ]),
      check,
    };
    await expect(place("a", late)).rejects.toMatchObject({ code: "input_invalid" });
    expect(await all()).toEqual(["a", "a/agent.yaml", "a/tools", "a/tools/a.json"]);
    expect(await readFile(join(scratch, "a", "agent.yaml"), "utf8")).toBe("old");
  });
});

describe("in the way:", () => {
  beforeEach(async () => {
    await mkdir(join(scratch, "a"));
    await writeFile(join(scratch, "a", "agent.yaml"), "old");
  });

  test("files are listed, and stay", async () => {
    await expect(place("a")).rejects.toMatchObject({ code: "input_invalid", problems: [{ message: "agent.yaml" }] });
    expect(await readFile(join(scratch, "a", "agent.yaml"), "utf8")).toBe("old");
  });

  test("files are replaced when that is asked for", async () => {
    await place("a", { isForced: true });
    expect(await readFile(join(scratch, "a", "agent.yaml"), "utf8")).toBe("new");
    expect(await all()).toEqual(["a", "a/agent.yaml", "a/tools", "a/tools/a.json"]);
  });

  test("a link that leads elsewhere is refused even then", async () => {
    await mkdir(join(scratch, "elsewhere"));
    await symlink(join(scratch, "elsewhere"), join(scratch, "a", "tools"));
    await expect(place("a", { isForced: true })).rejects.toMatchObject({ problems: [{ message: "tools" }] });
    expect(await readdir(join(scratch, "elsewhere"))).toEqual([]);
  });

  test("a file where a directory should be", async () => {
    await expect(place("a/agent.yaml")).rejects.toThrow("not a directory");
    await expect(place("a/agent.yaml/b")).rejects.toMatchObject({ code: "input_invalid" });
  });
});
