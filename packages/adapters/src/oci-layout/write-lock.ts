import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { ReleaseError } from "@perch/domain";

const RETRY_MS = 20;
const GIVE_UP_AFTER_MS = 15_000;

/**
 * Runs `work` while no other process of this machine runs work under the same lock file. The lock of a process that
 * died is taken over; one held by a living process is waited for, then refused with `ReleaseError` `layout_invalid`.
 */
export async function withWriteLock<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  const token = `${hostname()} ${process.pid} ${randomUUID()}`;
  await acquire(lockFile, token);
  try {
    return await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function acquire(lockFile: string, token: string): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    if (await tryCreate(lockFile, token)) return;
    const holder = await readFile(lockFile, "utf8").catch(() => null);
    if (holder !== null && isDead(holder)) await breakLock(lockFile, holder);
    else if (Date.now() > giveUpAt) throw stillLocked(lockFile, holder);
    else await sleep(RETRY_MS);
  }
}

// Written aside and linked into place, so that nobody ever reads a lock without its holder's name.
async function tryCreate(lockFile: string, token: string): Promise<boolean> {
  const aside = `${lockFile}.${randomUUID()}`;
  await writeFile(aside, token);
  try {
    await link(aside, lockFile);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

// Two processes may find the same dead holder: moving is atomic, and a lock taken in the meantime is put back.
async function breakLock(lockFile: string, holder: string): Promise<void> {
  const aside = `${lockFile}.${randomUUID()}`;
  try {
    await rename(lockFile, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, "utf8")) !== holder) await link(aside, lockFile).catch(() => null);
  await rm(aside, { force: true });
}

function isDead(holder: string): boolean {
  const [host, pid] = holder.split(" ");
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

function stillLocked(lockFile: string, holder: string | null): ReleaseError {
  return new ReleaseError({
    code: "layout_invalid",
    message: `${lockFile} is held by process ${holder?.split(" ").slice(0, 2).join(":") ?? "unknown"} for too long`,
    hint: "wait for that process; when it no longer exists, delete the file",
  });
}
