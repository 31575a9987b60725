import { execFileSync } from "node:child_process";
import { chmod, link, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestOf, ReleaseError } from "@perch/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packDirectory, type IsSecretAllowed, type PackedDirectory } from "./pack-directory.ts";
import { readArchive } from "./read-archive.ts";

let scratch = "";
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-pack-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

async function aDirectory(files: Readonly<Record<string, string>>): Promise<string> {
  count += 1;
  const directory = join(scratch, `${count}`);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return directory;
}

function pathsOf({ entries }: PackedDirectory): readonly string[] {
  return entries.map(({ path }) => path);
}

const LONG = `${"deep/".repeat(30)}file.txt`;
const FILES = { "main.mjs": "1", "lib/b.mjs": "2", "lib/a.mjs": "3", "Ü.txt": "4", [LONG]: "5", "lib-x.mjs": "" };

test("the archive depends on names and contents alone", async () => {
  const one = await aDirectory(FILES);
  const other = await aDirectory(Object.fromEntries(Object.entries(FILES).toReversed()));
  await utimes(join(other, "main.mjs"), 1, 1);
  await chmod(join(other, "lib/a.mjs"), 0o755);
  await mkdir(join(other, "empty"));
  const packed = await packDirectory(one);
  expect(digestOf((await packDirectory(other)).bytes)).toBe(digestOf(packed.bytes));
  expect(pathsOf(packed)).toEqual([LONG, "lib-x.mjs", "lib/a.mjs", "lib/b.mjs", "main.mjs", "Ü.txt"]);
});

test("the archive of known files has not changed: it must never, or unchanged agents get new digests", async () => {
  expect(digestOf((await packDirectory(await aDirectory(FILES))).bytes)).toBe(
    "sha256:3a15846a47055ef09eab4e4ea86d791e691f856fefab84a2b7caeaec8f273b6c",
  );
});

test("reading gives back every file and link", async () => {
  const directory = await aDirectory(FILES);
  await symlink("../main.mjs", join(directory, "lib/link.mjs"));
  await symlink("lib", join(directory, "alias"));
  const { bytes } = await packDirectory(directory);
  const entries = await readArchive(bytes);
  expect(
    entries.map((entry) => [entry.path, entry.kind === "file" ? Buffer.from(entry.bytes).toString() : entry.target]),
  ).toEqual([
    ["alias", "lib"],
    [LONG, "5"],
    ["lib-x.mjs", ""],
    ["lib/a.mjs", "3"],
    ["lib/b.mjs", "2"],
    ["lib/link.mjs", "../main.mjs"],
    ["main.mjs", "1"],
    ["Ü.txt", "4"],
  ]);
});

test.each(["../outside.txt", "/etc/hostname", "nowhere", ".", "../app"])("a link to %j is refused", async (target) => {
  const directory = await aDirectory({ "app/main.mjs": "", "outside.txt": "" });
  await symlink(target, join(directory, "app/link"));
  await expect(packDirectory(join(directory, "app"))).rejects.toMatchObject({
    code: "spec_invalid",
    message: expect.stringContaining("the link link to"),
  });
});

test.each([".env", "config/.env.production"])(
  "a file named %j is refused, since it usually holds secrets",
  async (name) => {
    await expect(packDirectory(await aDirectory({ [name]: "KEY=1" }))).rejects.toMatchObject({ code: "spec_invalid" });
  },
);

test("an example of such a file is packed", async () => {
  expect(pathsOf(await packDirectory(await aDirectory({ ".env.example": "KEY=" })))).toEqual([".env.example"]);
});

async function problemsOf(directory: string, ...[isAllowed]: [IsSecretAllowed?]): Promise<readonly string[]> {
  const error: unknown = await packDirectory(directory, isAllowed).catch((reason: unknown) => reason);
  if (!(error instanceof ReleaseError)) return [];
  return error.problems.map(({ file, line, message }) => `${file}${line === undefined ? "" : `:${line}`} ${message}`);
}

// In two pieces, so that scanners of secrets do not stop at this file.
const KEY = ["gh", "p_0123456789abcdefghijABCDEFGHIJ012345"].join("");

test("everything that is wrong with a directory is told at once, with file and line", async () => {
  const directory = await aDirectory({
    "main.mjs": `const a = 1;\nconst key = "${KEY}";\n`,
    "lib/.npmrc": `registry=https://r.example\n//r.example/:_authToken=${KEY}\n`,
    id_rsa: "x",
    "keys/a.pem": ["-----BEGIN PRIVATE", " KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n"].join(""),
    "Lib/b.mjs": "",
  });
  await symlink("/etc/passwd", join(directory, "passwd"));
  expect(await problemsOf(directory)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^main\.mjs:2 found the shape of a key or token \(a GitHub token\)/),
      expect.stringMatching(/^lib\/\.npmrc:2 found the shape/),
      expect.stringMatching(/^id_rsa found a private SSH key/),
      expect.stringMatching(/^keys\/a\.pem:1 found the shape of a key or token \(a private key\)/),
      expect.stringMatching(/^passwd found the link passwd to "\/etc\/passwd"/),
    ]),
  );
  expect((await problemsOf(directory)).join()).not.toContain(KEY);
});

test("what looks like a secret is packed where it is allowed: in a file, or on one line of it", async () => {
  const directory = await aDirectory({ "main.mjs": `\n${KEY}\n`, id_rsa: "" });
  expect(await problemsOf(directory, (path) => path === "id_rsa")).toEqual([expect.stringMatching(/^main\.mjs:2 /)]);
  expect(await problemsOf(directory, (path, line) => path === "id_rsa" || line === 2)).toEqual([]);
});

test("programs and data are not searched for secrets", async () => {
  const directory = await aDirectory({ "data.bin": `\u0000${KEY}`, "big.txt": `${KEY}${" ".repeat(9_000_000)}` });
  expect(await problemsOf(directory)).toEqual([]);
});

test.each([
  ["names that differ in letters' case", ["a.txt", "A.txt"], 'a.txt found a name that differs from "A.txt" only'],
  ["directories that differ in letters' case", ["Lib/a", "lib/b"], 'lib/b found a name that differs from "Lib" only'],
  ["names that some file systems fold", ["straße", "STRASSE"], "straße found a name that differs from"],
  ["a name in another normal form", ["u\u0308.txt"], "found a name that is not in Unicode's normal form C"],
  ["a name with a backslash", ["a\\b"], "a\\b found a name that is no plain relative path"],
  ["a name with a drive letter", ["C:a"], "C:a found a name that is no plain relative path"],
  ["a name with a line break", ["a\nb"], "a\nb found a name with control characters"],
])("%s are refused", async (_, names, problem) => {
  const directory = await aDirectory(Object.fromEntries(names.map((name) => [name, name])));
  expect(await problemsOf(directory)).toEqual([expect.stringContaining(problem)]);
});

test("a name that is not UTF-8 is refused", async () => {
  const directory = await aDirectory({ "main.mjs": "" });
  await writeFile(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0x61, 0xff])]), "");
  expect(await problemsOf(directory)).toEqual([expect.stringContaining("found a name that is not UTF-8")]);
});

test("a device, a pipe and a socket are refused", async () => {
  const directory = await aDirectory({ "main.mjs": "" });
  execFileSync("mkfifo", [join(directory, "pipe")]);
  expect(await problemsOf(directory)).toEqual([expect.stringContaining("pipe found pipe, which is neither file")]);
});

test("a hard link is the file that it names", async () => {
  const directory = await aDirectory({ "main.mjs": "1" });
  await link(join(directory, "main.mjs"), join(directory, "same.mjs"));
  const copied = await aDirectory({ "main.mjs": "1", "same.mjs": "1" });
  expect(digestOf((await packDirectory(directory)).bytes)).toBe(digestOf((await packDirectory(copied)).bytes));
});
