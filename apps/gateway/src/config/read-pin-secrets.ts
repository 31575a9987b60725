import { randomBytes, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parsePinSecrets, RoutingError, type PinSecrets } from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";
import { GatewayError } from "../gateway-error.ts";
import type { PinSecretSource } from "./parse-config.ts";

/** The file in the gateway's directory that is made when no secret is given. */
export const OWN_SECRET_FILE = "pin-secret";

/** Throws `GatewayError` `secret_unusable`, which never tells a secret. */
export function readPinSecrets(source: PinSecretSource, directory: string): PinSecrets {
  if (source.kind === "text") return parse(source.text.replaceAll(",", "\n"), "PERCH_PIN_SECRET");
  const path = source.kind === "file" ? source.path : join(directory, OWN_SECRET_FILE);
  if (source.kind === "own") makeOnce(path);
  return parse(read(path), path);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unusable(`cannot read ${path}: ${reasonOf(error)}`, "make one with `openssl rand -hex 32 > FILE`", error);
  }
}

function parse(text: string, where: string): PinSecrets {
  try {
    return parsePinSecrets(text);
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    throw unusable(`${where}: ${error.message}`, error.hint, error);
  }
}

/** Gateways that start at the same moment end up with the same file: a link is there whole, or not at all. */
function makeOnce(path: string): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
      throw unusable(`cannot make ${path}: ${reasonOf(error)}`, "make the data directory writable", error);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function unusable(message: string, hint: string, cause: unknown): GatewayError {
  return new GatewayError({ code: "secret_unusable", message, hint, cause });
}
