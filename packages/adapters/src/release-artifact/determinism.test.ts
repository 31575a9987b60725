import { chmod, chown, link, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestOf } from "@perch/domain";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packDirectory } from "./pack-directory.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-same-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

type Tree = ReadonlyMap<string, Uint8Array>;
/** Everything about a directory that is no part of a release. */
type Circumstances = {
  readonly order: readonly number[];
  readonly mtime: number;
  readonly mode: number;
  readonly owner: number;
  readonly umask: number;
  readonly emptyDirectories: readonly string[];
  readonly depth: number;
  readonly linkedFiles: boolean;
};

const aName = fc.constantFrom(
  "a",
  "b",
  "b-c",
  "B2",
  "ü",
  "日本",
  "x y",
  ".hidden",
  "z".repeat(120),
  "main.mjs",
  "index.ts",
);
const aPath = fc.array(aName, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const aTree = fc
  .array(fc.tuple(aPath, fc.uint8Array({ maxLength: 700 })), { minLength: 1, maxLength: 12 })
  .map((files) => new Map(files.filter(([path], index) => files.slice(0, index).every(([other]) => fit(path, other)))));
const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  order: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
  mtime: fc.integer({ min: 0, max: 2_000_000_000 }),
  mode: fc.constantFrom(0o400, 0o600, 0o644, 0o755, 0o777, 0o4755),
  owner: fc.nat(1000),
  umask: fc.constantFrom(0, 0o022, 0o027, 0o077),
  emptyDirectories: fc.array(fc.constantFrom("empty", "also/empty", "zz"), { maxLength: 2 }),
  depth: fc.nat(3),
  linkedFiles: fc.boolean(),
});

// One of them is no directory above the other.
function fit(path: string, other: string): boolean {
  return path !== other && !path.startsWith(`${other}/`) && !other.startsWith(`${path}/`);
}

async function create(tree: Tree, how: Circumstances): Promise<string> {
  const directory = join(await mkdtemp(join(scratch, "t-")), ...Array.from({ length: how.depth }, () => "deeper"));
  const before = process.umask(how.umask);
  try {
    await mkdir(directory, { recursive: true });
    const files = [...tree].map(([path, bytes], index) => ({ path, bytes, at: how.order[index] ?? 0 }));
    for (const { path, bytes } of files.toSorted((a, b) => a.at - b.at))
      await createFile(join(directory, path), bytes, how);
    for (const empty of how.emptyDirectories) await mkdir(join(directory, `${empty}-dir`), { recursive: true });
  } finally {
    process.umask(before);
  }
  return directory;
}

async function createFile(path: string, bytes: Uint8Array, how: Circumstances): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (how.linkedFiles) {
    const original = join(await mkdtemp(join(scratch, "l-")), "original");
    await writeFile(original, bytes);
    await link(original, path);
  } else {
    await writeFile(path, bytes);
  }
  await chmod(path, how.mode);
  await utimes(path, how.mtime, how.mtime);
  if (process.getuid?.() === 0) await chown(path, how.owner, how.owner);
}

test("the same names and contents give the same bytes, however, wherever and by whomever they were made", async () => {
  await fc.assert(
    fc.asyncProperty(aTree, circumstances, circumstances, async (tree, one, other) => {
      const [first, second] = [await create(tree, one), await create(tree, other)];
      const packed = await packDirectory(first);
      expect(digestOf((await packDirectory(second)).bytes)).toBe(digestOf(packed.bytes));
      expect(
        new Map(packed.entries.map((entry) => [entry.path, Buffer.from(entry.kind === "file" ? entry.bytes : [])])),
      ).toEqual(new Map([...tree].map(([path, bytes]) => [path, Buffer.from(bytes)])));
    }),
    { numRuns: 40 },
  );
});

test("another byte, another name or another place of a link give other bytes", async () => {
  const bytes = Buffer.from("text\r\n");
  const how: Circumstances = {
    order: [],
    mtime: 0,
    mode: 0o644,
    owner: 0,
    umask: 0,
    emptyDirectories: [],
    depth: 0,
    linkedFiles: false,
  };
  const directories = await Promise.all(
    [
      new Map([["a", bytes]]),
      new Map([["a", Buffer.from("text\n")]]),
      new Map([["b", bytes]]),
      new Map([["a/a", bytes]]),
      new Map([
        ["a", bytes],
        ["b", Buffer.alloc(0)],
      ]),
    ].map((tree) => create(tree, how)),
  );
  const linked = await create(new Map([["a", bytes]]), how);
  await symlink("a", join(linked, "b"));
  const digests = [];
  for (const directory of [...directories, linked]) digests.push(digestOf((await packDirectory(directory)).bytes));
  expect(new Set(digests).size).toBe(digests.length);
});

test("a link is packed by where it ends, whichever way it was written", async () => {
  const digests = [];
  for (const target of ["lib/a.mjs", "./lib/../lib/a.mjs", "via/a.mjs"]) {
    const directory = await mkdtemp(join(scratch, "k-"));
    await createFile(join(directory, "lib/a.mjs"), Buffer.from("1"), {
      mode: 0o644,
      mtime: 0,
      owner: 0,
    } as Circumstances);
    await symlink("lib", join(directory, "via"));
    await symlink(target, join(directory, "link.mjs"));
    digests.push(digestOf((await packDirectory(directory)).bytes));
  }
  expect(new Set(digests).size).toBe(1);
});

type Golden = {
  readonly name: string;
  readonly files: Record<string, string>;
  readonly directory: { readonly files: Record<string, string>; readonly links: Record<string, string> } | null;
  readonly expected: { readonly blobs: Record<string, string> };
};

test("the golden directory is packed byte for byte as it always was", async () => {
  const fixture = new URL("../../../domain/src/release/__fixtures__/golden-bundle.json", import.meta.url);
  const { bundles } = JSON.parse(await readFile(fixture, "utf8")) as { bundles: readonly Golden[] };
  const golden = bundles[0]?.directory ?? { files: {}, links: {} };
  const directory = await mkdtemp(join(scratch, "g-"));
  for (const [path, text] of Object.entries(golden.files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  for (const [path, target] of Object.entries(golden.links)) await symlink(target, join(directory, path));
  const { bytes } = await packDirectory(directory);
  expect(bundles[0]?.expected.blobs[digestOf(bytes)]).toBe(Buffer.from(bytes).toString("base64"));
});
