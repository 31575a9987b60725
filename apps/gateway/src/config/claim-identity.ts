import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseGatewayId, type GatewayId } from "@perch/domain";
import { GatewayError } from "../gateway-error.ts";
import { reasonOf } from "@perch/adapters/json-log";

export type Identity = { readonly id: GatewayId; release(): void };

/**
 * The name under which this process acknowledges tables. Several gateways may share a directory, but two processes of one
 * name would acknowledge for each other, so a name is a file that is locked as long as its process lives: the operating
 * system takes the lock back, however the process ends. Without a wish it is the first free name of the directory.
 * Throws `GatewayError`.
 */
export function claimIdentity(directory: string, wish: GatewayId | null): Identity {
  const names = join(directory, "names");
  try {
    mkdirSync(names, { recursive: true });
    for (const id of wish === null ? knownIds(names) : [wish]) {
      const lock = tryLock(join(names, `${id}.lock`));
      if (lock !== null) return { id, release: () => lock.close() };
    }
  } catch (error) {
    throw new GatewayError({
      code: "data_directory_unusable",
      message: `cannot use ${directory}: ${reasonOf(error)}`,
      hint: "choose a directory that this user may write to with --data",
      cause: error,
    });
  }
  if (wish === null) return claimIdentity(directory, parseGatewayId(`gw-${randomBytes(4).toString("hex")}`));
  throw new GatewayError({
    code: "gateway_id_in_use",
    message: `another gateway process already runs as ${wish} in ${directory}`,
    hint: "stop it, or give this one another --id or another --data",
  });
}

/** Names that were made up here before; a name that somebody chose is not taken without being asked for. */
function knownIds(names: string): GatewayId[] {
  return readdirSync(names)
    .filter((file) => /^gw-[0-9a-f]{8}\.lock$/.test(file))
    .sort()
    .map((file) => parseGatewayId(file.slice(0, -".lock".length)));
}

const SQLITE_BUSY = 5;

function tryLock(file: string): DatabaseSync | null {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return null;
    throw error;
  }
}
