import { resolve } from "node:path";
import { parseDurationMs } from "@perch/domain";
import { isLoopback } from "./is-loopback.ts";

/** A database that several servers share, one of which leads. */
export type DatabaseOptions = {
  readonly url: string;
  /** Null: the password is in the URL, in `PGPASSWORD` or in `~/.pgpass`. */
  readonly passwordFile: string | null;
  /** At which other servers reach this one; null: where it listens. */
  readonly advertiseUrl: string | null;
  /** How long a leader that is not heard of keeps the lead. */
  readonly leaderLeaseMs: number;
};

type Values = {
  readonly host: string;
  readonly database?: string | undefined;
  readonly "database-password-file"?: string | undefined;
  readonly "advertise-url"?: string | undefined;
  readonly "leader-lease"?: string | undefined;
};
type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_LEASE = "5s";
/** Below a second a busy machine would lose the lead without being gone; above a minute nobody is served for that long. */
const LEAST_LEASE_MS = 1000;
const MOST_LEASE_MS = 60_000;

/** Null without `--database`: then this server keeps everything in its data directory and shares it with nobody. */
export function parseDatabaseOptions(values: Values, env: Environment, problems: string[]): DatabaseOptions | null {
  const textOf = (flag: Exclude<keyof Values, "host">, variable: string): string => values[flag] ?? env[variable] ?? "";
  const url = textOf("database", "PERCH_DATABASE");
  const others = {
    "database-password-file": textOf("database-password-file", "PERCH_DATABASE_PASSWORD_FILE"),
    "advertise-url": textOf("advertise-url", "PERCH_ADVERTISE_URL"),
    "leader-lease": textOf("leader-lease", "PERCH_LEADER_LEASE"),
  };
  if (url === "") {
    for (const [flag, value] of Object.entries(others)) {
      if (value !== "") problems.push(`--${flag}: found it without --database, expected both or none`);
    }
    return null;
  }
  const file = others["database-password-file"];
  return {
    url,
    passwordFile: file === "" ? null : resolve(file),
    advertiseUrl: parseAdvertised(others["advertise-url"], values.host, problems),
    leaderLeaseMs: parseLease(others["leader-lease"] || DEFAULT_LEASE, problems),
  };
}

function parseAdvertised(text: string, host: string, problems: string[]): string | null {
  if (text === "") {
    if (isAnyAddress(host)) {
      problems.push(
        `--advertise-url: found none with --host ${host}, expected the URL at which other servers reach this one`,
      );
    }
    return null;
  }
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  problems.push(`--advertise-url: found ${text}, expected an http or https URL such as http://perch-1:4600`);
  return null;
}

function isAnyAddress(host: string): boolean {
  return !isLoopback(host) && /^(0\.0\.0\.0|::|\*|)$/.test(host);
}

function parseLease(text: string, problems: string[]): number {
  const ms = parseDurationMs(text) ?? Number(text);
  if (ms >= LEAST_LEASE_MS && ms <= MOST_LEASE_MS) return ms;
  problems.push(`--leader-lease: found ${text}, expected a duration from 1s to 60s`);
  return LEAST_LEASE_MS;
}
