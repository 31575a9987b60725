import { buffer } from "node:stream/consumers";
import { pack, type Header } from "tar-stream";
import { describe, expect, test } from "vitest";
import type { ArchiveEntry } from "./archive-entry.ts";
import { packEntries } from "./pack-entries.ts";
import { readArchive } from "./read-archive.ts";

const FILE: ArchiveEntry = { kind: "file", path: "main.mjs", bytes: Buffer.from("1") };

async function archiveOf(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  return buffer(packEntries(entries));
}

/** An archive with one field of its only header changed by hand, and the checksum put right. */
async function patched(at: number, field: string | Uint8Array, entry: ArchiveEntry = FILE): Promise<Buffer> {
  const bytes = await archiveOf([entry]);
  bytes.set(typeof field === "string" ? Buffer.from(field) : field, at);
  bytes.write("        ", 148);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")} \0`, 148);
  return bytes;
}

async function tarOf(...headers: Partial<Header>[]): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  for (const header of headers) {
    if (header.type === undefined) archive.entry({ name: "", ...header }, "x");
    else archive.entry({ name: "", ...header });
  }
  archive.finalize();
  return bytes;
}

test("what was packed is read back, without a copy of its bytes", async () => {
  const long = `${"a".repeat(200)}/${"ü".repeat(100)}/${"b".repeat(100)}`;
  const entries: readonly ArchiveEntry[] = [
    { kind: "file", path: long, bytes: Buffer.from("2") },
    { kind: "link", path: "here", target: long },
    FILE,
  ];
  const archive = await archiveOf(entries);
  const read = await readArchive(archive);
  expect(read.map(({ kind, path }) => `${kind} ${path}`)).toEqual(entries.map(({ kind, path }) => `${kind} ${path}`));
  for (const entry of read) if (entry.kind === "file") expect(entry.bytes.buffer).toBe(archive.buffer);
});

test("an archive of nothing holds nothing", async () => {
  expect(await readArchive(await archiveOf([]))).toEqual([]);
});

describe("refused are names and links that lead astray:", () => {
  test.each<[string, Partial<Header>[], string]>([
    ["a name that climbs out", [{ name: "../evil" }], 'plain relative path ("../evil")'],
    ["an absolute name", [{ name: "/evil" }], "plain relative path"],
    ["a roundabout name", [{ name: "a/../b" }], "plain relative path"],
    ["a name with a point", [{ name: "./a" }], "plain relative path"],
    ["a name with a backslash", [{ name: "..\\evil" }], "plain relative path"],
    ["a drive letter", [{ name: "C:/evil" }], "plain relative path"],
    ["a long name that climbs out", [{ name: `${"a/".repeat(120)}../evil` }], "plain relative path"],
    ["a name with a control character", [{ name: "a\u001b[2J" }], "control characters"],
    ["a name in another normal form", [{ name: "u\u0308" }], "normal form C"],
    ["two files of one name", [{ name: "a" }, { name: "a" }], 'a second entry of this name ("a")'],
    ["two that differ in letters' case", [{ name: "a" }, { name: "A" }], 'differs from "a" only in its letters'],
    ["directories that do", [{ name: "D/a" }, { name: "d/b" }], 'differs from "D" only in its letters'],
    ["a file below a file", [{ name: "a" }, { name: "a/b" }], "below what is no directory"],
    ["a link that climbs out", [{ name: "a/l", type: "symlink", linkname: "../../evil" }], 'a link to "../../evil"'],
    ["an absolute link", [{ name: "l", type: "symlink", linkname: "/etc/passwd" }], "a link to"],
    ["a link to nothing", [{ name: "l", type: "symlink", linkname: "nowhere" }], "a link to"],
    ["a link to itself", [{ name: "l", type: "symlink", linkname: "l" }], "a link to"],
    ["a link without a target", [{ name: "l", type: "symlink", linkname: "" }], "a link to"],
    [
      "a link out through a link",
      [{ name: "a/b" }, { name: "l", type: "symlink", linkname: "a/../../evil" }],
      'a link to "a/../../evil"',
    ],
    ["a file below a link", [{ name: "l", type: "symlink", linkname: "b" }, { name: "l/f" }, { name: "b/f" }], "below"],
  ])("%s", async (_, headers, found) => {
    await expect(readArchive(await tarOf(...headers))).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining(found),
    });
  });
});

describe("refused are entries that are no files:", () => {
  test.each<[string, Partial<Header>, string]>([
    ["a hard link", { name: "a", type: "link", linkname: "/etc/passwd" }, 'a hard link "a"'],
    ["a device", { name: "a", type: "character-device" }, "a device"],
    ["a block device", { name: "a", type: "block-device" }, "a device"],
    ["a pipe", { name: "a", type: "fifo" }, "a pipe"],
    ["a directory", { name: "a", type: "directory" }, "a directory"],
  ])("%s", async (_, header, found) => {
    await expect(readArchive(await tarOf(header))).rejects.toMatchObject({ message: expect.stringContaining(found) });
  });

  test.each([
    ["7", "a contiguous file"],
    ["g", "a global header"],
    ["L", "a long name in GNU's way"],
    ["K", "a long name in GNU's way"],
    ["S", "a sparse file"],
    ["\0", 'an entry of type "\\u0000"'],
    ["Z", 'an entry of type "Z"'],
  ])("the type %j", async (type, found) => {
    await expect(readArchive(await patched(156, type))).rejects.toMatchObject({
      message: expect.stringContaining(found),
    });
  });
});

describe("refused are headers that lie:", () => {
  test.each<[string, number, string | Uint8Array, string]>([
    ["a size beyond the archive", 124, "77777777777 ", "longer than the archive"],
    ["a size in GNU's binary form", 124, Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "not octal"],
    ["a negative size", 124, Buffer.alloc(12, 0xff), "not octal"],
    ["a size that is no number", 124, "zzzzzzzzzzz ", "not octal"],
    ["a smaller size", 124, "00000000000 ", "no POSIX tar archive"],
    ["another mode", 100, "000755 ", "another form"],
    ["another owner", 108, "001000 ", "another form"],
    ["another time", 136, "00000000001 ", "another form"],
    ["a name of an owner", 265, "root", "another form"],
    ["bytes behind the name", 50, "hidden", "another form"],
    ["another format", 257, "ustar  \0", "no POSIX tar archive"],
    ["a name that is not UTF-8", 0, Buffer.from([0xff]), "not UTF-8"],
  ])("%s", async (...[, at, field, found]) => {
    await expect(readArchive(await patched(at, field))).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining(found),
    });
  });

  test("a wrong checksum", async () => {
    const bytes = await archiveOf([FILE]);
    bytes[0] = 0x6e;
    await expect(readArchive(bytes)).rejects.toThrow(/wrong checksum/);
  });

  test.each([
    ["a size", { size: "1" }],
    ["a sparse map", { "GNU.sparse.major": "1" }],
    ["a path that climbs out", { path: "../evil" }],
    ["a path of nothing", { path: "" }],
  ])("%s in a pax header", async (_, pax) => {
    await expect(readArchive(await tarOf({ name: "a", pax }))).rejects.toMatchObject({ code: "layout_invalid" });
  });

  test.each(["9999999 path=a\n", "0 path=a\n", "path=a\n", "9 path=a\n9 path=b\n", "-5 path=a\n"])(
    "the pax record %j",
    async (record) => {
      const bytes = await patched(156, "x", { ...FILE, bytes: Buffer.from(record) });
      await expect(readArchive(bytes)).rejects.toThrow(/pax header/);
    },
  );

  test("a pax header of megabytes, and two for one entry", async () => {
    const long = await patched(156, "x", { ...FILE, bytes: Buffer.alloc(5_000_000, 0x20) });
    await expect(readArchive(long)).rejects.toThrow(/a pax header of unusual length/);
    const one = (await patched(156, "x", { ...FILE, bytes: Buffer.from("9 path=a\n") })).subarray(0, 1024);
    await expect(readArchive(Buffer.concat([one, one, await archiveOf([FILE])]))).rejects.toThrow(/two pax headers/);
  });
});

describe("refused is what is not as Perch packs it:", () => {
  test("files in another order", async () => {
    await expect(readArchive(await archiveOf([FILE, { ...FILE, path: "a" }]))).rejects.toThrow(/another form or order/);
  });

  test("an archive that is cut, at any block and in the middle of one", async () => {
    const whole = await archiveOf([FILE, { ...FILE, path: "other.mjs" }]);
    for (let length = 0; length < whole.length; length += 256) {
      await expect(readArchive(whole.subarray(0, length))).rejects.toMatchObject({ code: "layout_invalid" });
    }
  });

  test("bytes behind the end, and something hidden in the padding", async () => {
    const whole = await archiveOf([FILE]);
    await expect(readArchive(Buffer.concat([whole, Buffer.alloc(512)]))).rejects.toThrow(/bytes behind the last entry/);
    await expect(readArchive(Buffer.concat([whole, whole]))).rejects.toThrow(/bytes behind the last entry/);
    whole[600] = 1;
    await expect(readArchive(whole)).rejects.toThrow(/another form/);
  });

  test("bytes that are no archive, and a compressed one", async () => {
    for (const bytes of [
      Buffer.alloc(2000, 7),
      Buffer.alloc(0),
      Buffer.from("hello"),
      Buffer.from([0x1f, 0x8b, 8, 0]),
    ]) {
      await expect(readArchive(bytes)).rejects.toMatchObject({ code: "layout_invalid" });
    }
  });

  test("more entries than a release may have, without keeping them", async () => {
    const header = (await archiveOf([{ ...FILE, bytes: Buffer.alloc(0) }])).subarray(0, 512);
    const many = Buffer.alloc(512 * 100_002);
    for (let at = 0; at < many.length; at += 512) header.copy(many, at);
    await expect(readArchive(many)).rejects.toThrow(/more than 100000 entries/);
  });
});
