import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readArchive, type ArchiveEntry, type OpenRelease } from "@perch/adapters/release-artifact";
import { componentPath } from "@perch/domain";
import { CliError } from "../cli-error.ts";

export type Materialized = {
  readonly directory: string;
  readonly orchestrationDirectory: string;
  readonly entrypoint: string;
};

/**
 * Unpacks a verified release: `orchestration/` as it was packed, `components/<kind>/<name>` (`prompt/system`,
 * `tool/refund`, `model/model.json`, `policy/policy.json`), and the release manifest as `release.json`. A directory that
 * holds exactly this already is left alone, since an agent may run from it; anything else in its place is replaced.
 */
export async function materialize(release: OpenRelease, dataDirectory: string): Promise<Materialized> {
  const { agent, version } = release.manifest;
  const name = `${agent}-${version}-${release.digest.slice("sha256:".length, "sha256:".length + 12)}`;
  const directory = join(dataDirectory, "deployments", name);
  const { entries, entrypoint } = await contentsOf(release);
  if (!(await holdsExactly(directory, entries))) await replace(directory, entries);
  return { directory, orchestrationDirectory: join(directory, "orchestration"), entrypoint };
}

async function contentsOf(release: OpenRelease): Promise<{ entries: readonly ArchiveEntry[]; entrypoint: string }> {
  const entries: ArchiveEntry[] = [{ kind: "file", path: "release.json", bytes: release.manifestBytes }];
  let entrypoint: string | null = null;
  for (const { component, bytes } of release.components) {
    if (component.kind === "orchestration" && component.form === "directory") {
      entrypoint = component.entrypoint;
      const packed = await readArchive(bytes);
      entries.push(...packed.map((entry) => ({ ...entry, path: `orchestration/${entry.path}` })));
    } else {
      entries.push({ kind: "file", path: `components/${componentPath(component)}`, bytes });
    }
  }
  if (entrypoint !== null) return { entries, entrypoint };
  throw new CliError({
    code: "deployment_failed",
    message: "found a release whose orchestration is a container image, expected one with a directory",
    hint: "start the container yourself and register its URL: POST /v1/deployments",
  });
}

async function holdsExactly(directory: string, entries: readonly ArchiveEntry[]): Promise<boolean> {
  const found = await listFiles(directory, "").catch(() => null);
  if (found === null || found.length !== entries.length) return false;
  const same = await Promise.all(entries.map((entry) => isAsExpected(join(directory, entry.path), entry)));
  return same.every(Boolean);
}

async function isAsExpected(path: string, entry: ArchiveEntry): Promise<boolean> {
  try {
    if (entry.kind === "link") return (await readlink(path)) === entry.target;
    return (await lstat(path)).isFile() && Buffer.from(entry.bytes).equals(await readFile(path));
  } catch {
    // Missing, or something else in its place.
    return false;
  }
}

async function listFiles(root: string, below: string): Promise<readonly string[]> {
  const names = await readdir(join(root, below), { withFileTypes: true });
  const nested = await Promise.all(
    names.map(async (name) => {
      const path = join(below, name.name);
      return name.isDirectory() ? listFiles(root, path) : [path];
    }),
  );
  return nested.flat();
}

// Made whole beside its place and moved there, so that a crash never leaves half a release under its name.
async function replace(directory: string, entries: readonly ArchiveEntry[]): Promise<void> {
  const fresh = `${directory}.${randomUUID()}.new`;
  const old = `${directory}.${randomUUID()}.old`;
  try {
    for (const entry of entries) {
      const path = join(fresh, entry.path);
      await mkdir(dirname(path), { recursive: true });
      if (entry.kind === "file") await writeFile(path, entry.bytes, { flag: "wx" });
      else await symlink(entry.target, path);
    }
    await rename(directory, old).catch(() => null);
    await rename(fresh, directory);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}
