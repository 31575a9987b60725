import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { reasonOf } from "@perch/adapters/json-log";
import {
  NotifyError,
  parseNotificationFile,
  parseWebhookSecret,
  type NotificationFile,
  type SecretReference,
  type WebhookSecret,
} from "@perch/domain";
import type { UsageError } from "../options.ts";
import { readFlagYaml, unusableFlag } from "../read-flag-yaml.ts";
import type { OutgoingSettings } from "./outgoing-call.ts";

export type LoadNotifications = {
  /** Null: no channels, and a secret of the server's own making. */
  readonly file: string | null;
  /** Where that secret is kept. */
  readonly secretFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

const FLAG = "--notifications";
const NOTHING: NotificationFile = { console: null, signing: null, channels: [] };

/** Throws `UsageError` that names every problem, and no secret. */
export function loadNotifications({ file, secretFile, env }: LoadNotifications): OutgoingSettings {
  const notifications = file === null ? NOTHING : read(file);
  const lookUp = (reference: SecretReference, what: string): string => secretOf(reference, { what, file, env });
  const channels = notifications.channels.map((channel) => {
    const url = lookUp(channel.url, `channel ${channel.name}`).trim();
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw unusable(`channel ${channel.name}: found ${url.length} characters, expected an http or https URL`);
    }
    return { ...channel, url };
  });
  const text = notifications.signing === null ? ownSecret(secretFile) : lookUp(notifications.signing, "signing");
  return { channels, console: notifications.console, secrets: parseSecrets(text) };
}

function read(file: string): NotificationFile {
  const { value, refusal } = readFlagYaml(FLAG, file);
  try {
    return parseNotificationFile(value);
  } catch (error) {
    throw error instanceof NotifyError ? refusal(error.problems) : error;
  }
}

function secretOf(
  reference: SecretReference,
  { what, file, env }: { what: string; file: string | null; env: LoadNotifications["env"] },
): string {
  if ("env" in reference) {
    const value = env[reference.env];
    if (value === undefined || value === "") throw unusable(`${what}: found no variable ${reference.env}`);
    return value;
  }
  // Beside the file that names it, whatever directory the server was started in.
  const path = resolve(file === null ? "." : dirname(file), reference.file);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw unusable(`${what}: cannot read ${path}: ${reasonOf(cause)}`);
  }
}

/** Several while one is being exchanged for another: receivers accept whichever they know. */
function parseSecrets(text: string): readonly WebhookSecret[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  try {
    if (lines.length > 0) return lines.map(parseWebhookSecret);
  } catch (error) {
    if (!(error instanceof NotifyError)) throw error;
    throw unusable(`signing: ${error.message}; ${error.hint}`);
  }
  throw unusable("signing: found nothing, expected a secret");
}

/** Made once, readable by the server's user only. */
function ownSecret(secretFile: string): string {
  try {
    return readFileSync(secretFile, "utf8");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (!isMissing) throw unusable(`cannot read ${secretFile}: ${reasonOf(cause)}`);
  }
  mkdirSync(dirname(secretFile), { recursive: true });
  const secret = `whsec_${randomBytes(32).toString("base64")}\n`;
  writeFileSync(secretFile, secret, { mode: 0o600, flag: "wx" });
  return secret;
}

/** Beside the server's other files. */
export function secretFileIn(directory: string): string {
  return join(directory, "webhook-secret");
}

function unusable(problem: string): UsageError {
  return unusableFlag(FLAG, [problem]);
}
