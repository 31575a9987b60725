import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readOpenApi } from "./read-openapi.ts";

let scratch = "";
beforeEach(async () => {
  scratch = join(await mkdtemp(join(tmpdir(), "perch-openapi-")), "my api");
  await mkdir(join(scratch, "parts"), { recursive: true });
});
afterEach(async () => rm(join(scratch, ".."), { recursive: true, force: true }));

const write = (name: string, text: string) => writeFile(join(scratch, name), text);
const urlOf = (name: string) => pathToFileURL(join(scratch, name)).href;
const read = (name = "openapi.yaml") => readOpenApi(join(scratch, name));

test("a document and what it refers to, in files beside it and below, in JSON and YAML", async () => {
  await write("openapi.yaml", "openapi: 3.1.0\na: { $ref: 'parts/a%20b.json#/x' }\nb: { $ref: '#/a' }\n");
  await write("parts/a b.json", '{"x":{"$ref":"../c.yaml"}}');
  await write("c.yaml", "type: string\n");
  const { root, documents, refused } = await read();
  expect(root).toBe(urlOf("openapi.yaml"));
  expect(Object.fromEntries(documents)).toEqual({
    [urlOf("openapi.yaml")]: { openapi: "3.1.0", a: { $ref: "parts/a%20b.json#/x" }, b: { $ref: "#/a" } },
    [urlOf("parts/a b.json")]: { x: { $ref: "../c.yaml" } },
    [urlOf("c.yaml")]: { type: "string" },
  });
  expect(refused.size).toBe(0);
});

test("what lies outside the directory or on another host is not read, and it is known why", async () => {
  await writeFile(join(scratch, "..", "secret.json"), "{}");
  await symlink(join(scratch, "..", "secret.json"), join(scratch, "link.json"));
  const outside = [
    "../secret.json",
    "link.json",
    "missing.json",
    "http://127.0.0.1:9/x.json",
    "ftp://x/y",
    "broken.json",
  ];
  await write("broken.json", "{");
  await write("openapi.yaml", JSON.stringify({ refs: outside.map(($ref) => ({ $ref })) }));
  const { documents, refused } = await read();
  expect([...documents.keys()]).toEqual([urlOf("openapi.yaml")]);
  expect(Object.fromEntries(refused)).toEqual({
    [urlOf("../secret.json")]: expect.stringContaining("a file in the directory of the document"),
    [urlOf("link.json")]: expect.stringContaining("a file in the directory of the document"),
    [urlOf("missing.json")]: expect.stringMatching(/^found no file .*missing\.json/),
    "http://127.0.0.1:9/x.json": expect.stringContaining("the same host or directory"),
    "ftp://x/y": expect.stringContaining("the same host or directory"),
    [urlOf("broken.json")]: expect.stringContaining("neither JSON nor YAML"),
  });
});

describe("refused:", () => {
  test.each([
    ["no YAML", "a: [1\n", "neither JSON nor YAML"],
    ["a key given twice", "a: 1\na: 2\n", "neither JSON nor YAML"],
    ["nesting without end", `${"[".repeat(20_000)}${"]".repeat(20_000)}`, "neither JSON nor YAML"],
    ["JSON that is nested too deeply", `${'{"a":'.repeat(300)}1${"}".repeat(300)}`, "nested more than 200 levels"],
    ["an alias of what holds it", "a: &x { b: *x }\n", "nested more than 200 levels"],
  ])("%s", async (_, text, words) => {
    await write("openapi.yaml", text);
    await expect(read()).rejects.toMatchObject({ code: "input_invalid", message: expect.stringContaining(words) });
  });

  test("a file that is not there, and a directory", async () => {
    await expect(read("nothing.yaml")).rejects.toMatchObject({ message: expect.stringMatching(/^found no file /) });
    await expect(read("parts")).rejects.toMatchObject({ message: expect.stringMatching(/^found no file /) });
  });

  test("a URL with a password, which stays out of the message", async () => {
    const error: unknown = await readOpenApi("https://me:hunter2@example.org/x").catch((error: unknown) => error);
    expect(String(error)).toContain("without user and password");
    expect(String(error)).not.toContain("hunter2");
  });
});
