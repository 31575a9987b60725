import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import {
  formatReleaseReference,
  mintOverride,
  parseAgentName,
  parseDurationMs,
  parsePinSecrets,
  parseReleaseReference,
  parseSessionId,
  type Override,
  type PinSecrets,
  type ReleaseReference,
} from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { readInputFile } from "../read-input-file.ts";

export type OverrideWish = {
  readonly agent: string;
  readonly release: string;
  readonly ttl: string;
  readonly session?: string;
  readonly data: string;
  readonly pinSecretFile?: string;
};

export type CreateOverrideDeps = {
  readonly now: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A token as the gateways with the same secret read it. Throws errors that say what was found and expected. */
export async function createOverride(
  wish: OverrideWish,
  { now, env }: CreateOverrideDeps,
): Promise<{ readonly token: string; readonly override: Override }> {
  const release = releaseOf(wish);
  const ttlMs = parseDurationMs(wish.ttl);
  if (ttlMs === null) throw usage(`--ttl: found ${wish.ttl}, expected a duration such as 10m`, "e.g. --ttl 10m");
  const override: Override = {
    id: randomUUID(),
    agent: release.agent,
    release: formatReleaseReference(release),
    session: wish.session === undefined ? null : parseSessionId(wish.session),
    expiresAt: now() + ttlMs,
  };
  return { token: mintOverride(override, now(), await readSecrets(wish, env)), override };
}

function releaseOf(wish: OverrideWish): ReleaseReference {
  const agent = parseAgentName(wish.agent);
  const release = parseReleaseReference(wish.release.includes("@") ? wish.release : `${agent}@${wish.release}`);
  if (release.agent === agent) return release;
  throw usage(`found a release of ${release.agent}, expected one of ${agent}`, "name the release without an agent");
}

async function readSecrets(wish: OverrideWish, env: CreateOverrideDeps["env"]): Promise<PinSecrets> {
  const inEnvironment = env["PERCH_PIN_SECRET"] ?? "";
  const named = wish.pinSecretFile ?? env["PERCH_PIN_SECRET_FILE"];
  if (named === undefined && inEnvironment !== "") return parsePinSecrets(inEnvironment.replaceAll(",", "\n"));
  const file = named ?? join(resolve(wish.data), "gateway", "pin-secret");
  const hint = "a gateway makes it at its first start; --pin-secret-file names another one";
  return parsePinSecrets(await readInputFile(file, { expected: "the secrets that the gateways sign with", hint }));
}

function usage(message: string, hint: string): CliError {
  return new CliError({ code: "usage", message, hint });
}
