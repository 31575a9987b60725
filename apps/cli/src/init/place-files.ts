import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, lstat, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { PlannedFiles } from "./plan-files.ts";

export type Placing = {
  readonly directory: string;
  readonly files: PlannedFiles;
  /** Whether files that are there may be replaced. */
  readonly isForced: boolean;
  /** Looks at the files in the directory where they were made; throws when they will not do. */
  readonly check: (staging: string) => Promise<void>;
};

/**
 * Puts the files into the directory: all of them or, on any failure, none. They are made beside their place, checked
 * there, and then moved. Throws `CliError` `input_invalid` for what is in the way.
 */
export async function placeFiles(placing: Placing): Promise<void> {
  try {
    await place(placing);
  } catch (cause) {
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    throw new CliError({
      code: "input_invalid",
      message: `found that ${placing.directory} cannot be written (${cause.message}), expected to make it; nothing was made`,
      hint: "give a directory that you may write to",
      cause,
    });
  }
}

async function place({ directory, files, isForced, check }: Placing): Promise<void> {
  const target = resolve(directory);
  await refuseExisting(directory, [...files.keys()], isForced);
  const isNew = (await lstat(target).catch(() => null)) === null;
  // Beside a new directory, so that one move makes it; inside one that is there, which is sure to be writable.
  const staging = isNew ? `${target}.${randomUUID()}.new` : join(target, `.perch-init-${randomUUID()}`);
  const madeAbove = isNew ? await mkdir(dirname(target), { recursive: true }) : undefined;
  try {
    for (const [path, text] of files) {
      await mkdir(dirname(join(staging, path)), { recursive: true });
      await writeFile(join(staging, path), text, { flag: "wx" });
    }
    await check(staging);
    if (isNew) await rename(staging, target);
    else await moveInto(target, { staging, paths: [...files.keys()], isForced });
  } catch (error) {
    await rm(madeAbove ?? staging, { recursive: true, force: true });
    throw error;
  }
  await rm(staging, { recursive: true, force: true });
}

/** Throws `CliError` `input_invalid` listing everything that is in the way of these files. */
export async function refuseExisting(directory: string, paths: readonly string[], isForced: boolean): Promise<void> {
  if ((await lstat(resolve(directory)).catch(() => null)) === null) return;
  if ((await stat(resolve(directory)).catch(() => null))?.isDirectory() !== true)
    throw inTheWay(`${directory}, which is not a directory`, [], "give another directory");
  const found = await Promise.all(paths.map((path) => findInTheWay(resolve(directory), path, isForced)));
  const blocking = [...new Set(found.filter((path) => path !== null))].sort();
  if (blocking.length === 0) return;
  const hint = isForced
    ? "--force replaces files, and neither directories nor links: move them away first"
    : "give another directory, move them away, or replace them with --force";
  throw inTheWay(`${blocking.length === 1 ? "a file" : `${blocking.length} files`} in ${directory}`, blocking, hint);
}

async function findInTheWay(root: string, path: string, isForced: boolean): Promise<string | null> {
  const parts = path.split("/");
  for (const depth of parts.keys()) {
    const below = parts.slice(0, depth + 1).join("/");
    const status = await lstat(join(root, below)).catch(() => null);
    if (status === null) return null;
    const isFile = depth === parts.length - 1;
    // A link on the way would lead the files elsewhere.
    const isInTheWay = isFile ? !isForced || !status.isFile() : !status.isDirectory();
    if (isInTheWay) return below;
  }
  return null;
}

function inTheWay(found: string, paths: readonly string[], hint: string): CliError {
  return new CliError({
    code: "input_invalid",
    message: `found ${found}, expected to make new files: nothing is overwritten`,
    hint,
    problems: paths.map((path) => ({ message: path })),
  });
}

type Move = { readonly staging: string; readonly paths: readonly string[]; readonly isForced: boolean };

async function moveInto(target: string, { staging, paths, isForced }: Move): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const path of paths) {
      const place = join(target, path);
      const made = await mkdir(dirname(place), { recursive: true });
      if (made !== undefined) undo.unshift(() => rm(made, { recursive: true, force: true }));
      const old = join(staging, "replaced", path);
      if (isForced && (await lstat(place).catch(() => null)) !== null) {
        await mkdir(dirname(old), { recursive: true });
        await rename(place, old);
        undo.unshift(() => rename(old, place));
      }
      // Fails if somebody else has made this very file by now.
      await copyFile(join(staging, path), place, constants.COPYFILE_EXCL);
      undo.unshift(() => rm(place, { force: true }));
    }
  } catch (error) {
    for (const step of undo) await step().catch(() => null);
    throw error;
  }
}
