import { readFile } from "node:fs/promises";
import { z } from "zod";
import { askCredentialHelper } from "./credential-helper.ts";
import type { RegistryCredentials } from "./credentials.ts";
import { refused } from "./failure.ts";

const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const configSchema = z.object({
  auths: z.record(z.string(), entrySchema).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
type Entry = z.infer<typeof entrySchema>;
type DockerConfig = z.infer<typeof configSchema>;

export type DockerConfigFile = {
  readonly file: string;
  readonly mustExist: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** The credentials for a host: of its helper, of the helper for all, else what stands in the file itself. */
export async function readDockerConfig(
  { file, mustExist, env }: DockerConfigFile,
  host: string,
): Promise<RegistryCredentials | null> {
  const text = await readText(file, mustExist);
  if (text === null) return null;
  const { auths = {}, credHelpers = {}, credsStore = "" } = parseDockerConfig(text, file);
  const helper = valueFor(credHelpers, host) ?? credsStore;
  if (helper !== "") {
    const held = await askCredentialHelper({ helper, server: host, env });
    if (held !== null) return held;
  }
  const entry = valueFor(auths, host);
  return entry === null ? null : credentialsOf(entry, file);
}

function valueFor<T>(record: Readonly<Record<string, T>>, host: string): T | null {
  const entry = Object.entries(record).find(([key]) => {
    return key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "") === host;
  });
  return entry?.[1] ?? null;
}

function credentialsOf(entry: Entry, file: string): RegistryCredentials | null {
  if (entry.identitytoken !== undefined && entry.identitytoken !== "") {
    return { kind: "identityToken", token: entry.identitytoken };
  }
  if (entry.auth !== undefined && entry.auth !== "") {
    const decoded = Buffer.from(entry.auth, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon < 1) throw unreadable(file, `an "auth" that is no base64 of "user:password"`);
    return { kind: "password", username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  const { username = "", password = "" } = entry;
  return username === "" ? null : { kind: "password", username, password };
}

async function readText(file: string, mustExist: boolean): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    if (!mustExist && (code === "ENOENT" || code === "ENOTDIR")) return null;
    throw unreadable(file, "a file that cannot be read", cause);
  }
}

/** Throws `ReleaseError` `registry_refused`, without the cause: the parser's message repeats a part of the file. */
export function parseDockerConfig(text: string, file: string): DockerConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable(file, "text that is no JSON");
  }
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unreadable(file, "JSON of another form");
}

function unreadable(file: string, found: string, cause?: unknown): Error {
  return refused({
    message: `${file}: found ${found}, expected credentials as \`docker login\` stores them`,
    hint: "log in again with `docker login`, or set PERCH_REGISTRY_USERNAME and PERCH_REGISTRY_PASSWORD",
    cause,
  });
}
