import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { digestOf } from "@perch/domain";
import { pack, type Header } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packDirectory, type PackedDirectory } from "./pack-directory.ts";
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

test.each(["../outside.txt", "/etc/hostname", "nowhere", "."])("a link to %j is refused", async (target) => {
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

async function anArchive(...headers: Partial<Header>[]): Promise<Uint8Array> {
  const archive = pack();
  const bytes = buffer(archive);
  for (const header of headers) {
    if (header.type === undefined) archive.entry({ name: "", ...header }, "x");
    else archive.entry({ name: "", ...header });
  }
  archive.finalize();
  return bytes;
}

test.each<[string, Partial<Header>[]]>([
  ["a name that climbs out", [{ name: "../evil" }]],
  ["an absolute name", [{ name: "/evil" }]],
  ["a roundabout name", [{ name: "a/../b" }]],
  ["two files of one name", [{ name: "a" }, { name: "a" }]],
  ["a link that climbs out", [{ name: "a/link", type: "symlink", linkname: "../../evil" }]],
  ["an absolute link", [{ name: "link", type: "symlink", linkname: "/etc/passwd" }]],
  ["a link that climbs out through another", [{ name: "link", type: "symlink", linkname: "here/../../evil" }]],
  ["a file below a link", [{ name: "link", type: "symlink", linkname: "b" }, { name: "link/file" }]],
  ["a device", [{ name: "device", type: "character-device" }]],
])("an archive with %s is refused", async (_, headers) => {
  await expect(readArchive(await anArchive(...headers))).rejects.toMatchObject({ code: "layout_invalid" });
});

test("bytes that are no archive are refused", async () => {
  await expect(readArchive(Buffer.alloc(2000, 7))).rejects.toMatchObject({ code: "layout_invalid" });
});
