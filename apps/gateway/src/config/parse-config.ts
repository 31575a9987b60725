import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseGatewayId, RoutingError, type GatewayId } from "@perch/domain";
import { parseRedisAddress, RedisError, type RedisAddress } from "@perch/adapters/redis";
import { GatewayError } from "../gateway-error.ts";
import { reasonOf } from "@perch/adapters/json-log";
import { parseTracing, type TracingConfig } from "./parse-tracing.ts";
import type { AdminTokenSource } from "./read-admin-token.ts";

export type GatewayConfig = {
  /** At least one; of several the next is asked when one fails. */
  readonly serverUrls: readonly string[];
  /** The gateway's own folder in the data directory. */
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  /** Null: the one this data directory already knows, or a new one. */
  readonly id: GatewayId | null;
  readonly upstreamTimeoutMs: number;
  /** Where pins are kept; null: in the data directory. */
  readonly pins: RedisAddress | null;
  readonly pinSecret: PinSecretSource;
  readonly adminToken: AdminTokenSource;
  /** Null: the gateway makes no spans. */
  readonly tracing: TracingConfig | null;
  /** Requests that each release works on at once; null for as many as come. */
  readonly maxConcurrent: number | null;
  /** How long answers under way may take when the gateway is told to stop. */
  readonly drainMs: number;
  /** Other processes listen on the same port. */
  readonly sharesPort: boolean;
  /** Processes that share the port; more than one are run by a parent that serves nothing itself. */
  readonly workers: number;
};

/** What signs pins: a file, the text of an environment variable, or a file of our own in the data directory. */
export type PinSecretSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "own" };

export const USAGE = `perch gateway: the data plane. Flags, each also an environment variable:
  --server URL[,URL…]       PERCH_SERVER            the server to follow, or several of one database (http://127.0.0.1:4600)
  --data DIR                PERCH_DATA              data directory                (./.perch)
  --host HOST               PERCH_GATEWAY_HOST      address to listen on          (127.0.0.1)
  --port N                  PERCH_GATEWAY_PORT      port, 0 for any free one      (4700)
  --id NAME                 PERCH_GATEWAY_ID        name of this gateway          (kept in the data directory)
  --pins URL                PERCH_PINS              redis://HOST:PORT/DB for pins that many machines share
                            PERCH_PINS_PASSWORD     its password                  (pins are kept in the data directory)
  --pin-secret-file FILE    PERCH_PIN_SECRET_FILE   secrets that sign pins and override tokens, one a line, newest first
                            PERCH_PIN_SECRET        the secrets themselves        (made in the data directory)
  --upstream-timeout SECS   PERCH_UPSTREAM_TIMEOUT  longest wait for an agent's first byte (120)
  --max-concurrent N        PERCH_MAX_CONCURRENT    requests a release works on at once    (no limit)
  --drain SECS              PERCH_GATEWAY_DRAIN     longest wait for open answers and WebSockets when stopped (3600)
  --workers N               PERCH_GATEWAY_WORKERS   processes that share port, pins and table      (1)
  --otlp-endpoint URL       OTEL_EXPORTER_OTLP_ENDPOINT  where the gateway's own spans go  (none are made)
                            OTEL_TRACES_SAMPLER, …  as OpenTelemetry says
  --admin-token-file FILE   PERCH_ADMIN_TOKEN_FILE  token for /-/status and /-/metrics from other machines
                            PERCH_ADMIN_TOKEN       the token itself                (only this machine may ask)
  --share-port                                      other gateways may listen on the same port, too
`;

type FlagName =
  | "server"
  | "data"
  | "host"
  | "port"
  | "id"
  | "upstream-timeout"
  | "max-concurrent"
  | "drain"
  | "workers"
  | "pins"
  | "pin-secret-file"
  | "otlp-endpoint"
  | "admin-token-file";
type Flags = Readonly<Record<FlagName, string | undefined>>;
export type Command = { readonly kind: "help" } | { readonly kind: "run"; readonly config: GatewayConfig };

/** Flags win over the environment. Throws `GatewayError` `flag_invalid`. */
export function parseCommand(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Command {
  const { help, sharesPort, ...flags } = parseFlags(args);
  if (help) return { kind: "help" };
  const textOf = (flag: keyof Flags, variable: string, otherwise: string): string =>
    flags[flag] ?? env[variable] ?? otherwise;
  const timeout = textOf("upstream-timeout", "PERCH_UPSTREAM_TIMEOUT", "120");
  const maxConcurrent = textOf("max-concurrent", "PERCH_MAX_CONCURRENT", "");
  const drain = textOf("drain", "PERCH_GATEWAY_DRAIN", "3600");
  const workers = textOf("workers", "PERCH_GATEWAY_WORKERS", "1");
  const id = textOf("id", "PERCH_GATEWAY_ID", "");
  const config = {
    serverUrls: parseServerUrls(textOf("server", "PERCH_SERVER", "http://127.0.0.1:4600")),
    directory: join(resolve(textOf("data", "PERCH_DATA", ".perch")), "gateway"),
    host: textOf("host", "PERCH_GATEWAY_HOST", "127.0.0.1"),
    port: parseNumber("--port", textOf("port", "PERCH_GATEWAY_PORT", "4700"), { min: 0, max: 65_535, whole: true }),
    id: id === "" ? null : parseId(id),
    pins: parsePins(textOf("pins", "PERCH_PINS", ""), env["PERCH_PINS_PASSWORD"] ?? null),
    pinSecret: secretOf(textOf("pin-secret-file", "PERCH_PIN_SECRET_FILE", ""), env["PERCH_PIN_SECRET"], "own"),
    upstreamTimeoutMs: 1000 * parseNumber("--upstream-timeout", timeout, { min: 0.05, max: 86_400, whole: false }),
    maxConcurrent:
      maxConcurrent === ""
        ? null
        : parseNumber("--max-concurrent", maxConcurrent, { min: 1, max: 1_000_000, whole: true }),
    drainMs: 1000 * parseNumber("--drain", drain, { min: 0, max: 604_800, whole: false }),
    adminToken: secretOf(textOf("admin-token-file", "PERCH_ADMIN_TOKEN_FILE", ""), env["PERCH_ADMIN_TOKEN"], "none"),
    tracing: parseTracing(flags["otlp-endpoint"], env),
    sharesPort,
    workers: parseNumber("--workers", workers, { min: 1, max: 256, whole: true }),
  };
  return { kind: "run", config };
}

function parseFlags(args: readonly string[]): Flags & { readonly help: boolean; readonly sharesPort: boolean } {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        server: text,
        data: text,
        host: text,
        port: text,
        id: text,
        "upstream-timeout": text,
        pins: text,
        "pin-secret-file": text,
        "max-concurrent": text,
        drain: text,
        "otlp-endpoint": text,
        "admin-token-file": text,
        workers: text,
        "share-port": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return {
      server: values.server,
      data: values.data,
      host: values.host,
      port: values.port,
      id: values.id,
      "upstream-timeout": values["upstream-timeout"],
      pins: values.pins,
      "pin-secret-file": values["pin-secret-file"],
      "max-concurrent": values["max-concurrent"],
      drain: values.drain,
      "otlp-endpoint": values["otlp-endpoint"],
      "admin-token-file": values["admin-token-file"],
      workers: values.workers,
      sharesPort: values["share-port"],
      help: values.help,
    };
  } catch (error) {
    throw invalid(reasonOf(error), "`--help` lists the flags");
  }
}

function parsePins(url: string, password: string | null): RedisAddress | null {
  if (url === "") return null;
  try {
    return parseRedisAddress(url, password);
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    throw invalid(`--pins: ${error.message}`, error.hint);
  }
}

type SecretSource<Otherwise extends string> = Exclude<PinSecretSource, { kind: "own" }> | { readonly kind: Otherwise };

function secretOf<Otherwise extends string>(
  file: string,
  text: string | undefined,
  otherwise: Otherwise,
): SecretSource<Otherwise> {
  if (file !== "") return { kind: "file", path: resolve(file) };
  return text === undefined || text === "" ? { kind: otherwise } : { kind: "text", text };
}

function parseServerUrls(text: string): readonly string[] {
  const parts = text.split(",").map((part) => part.trim());
  return [...new Set(parts.filter((part, index) => part !== "" || index === 0).map(parseServerUrl))];
}

function parseServerUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href.replace(/\/+$/, "");
  throw invalid(`found --server ${JSON.stringify(text)}, expected an http or https URL`, "e.g. http://127.0.0.1:4600");
}

function parseNumber(flag: string, text: string, range: { min: number; max: number; whole: boolean }): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= range.min && value <= range.max && (!range.whole || Number.isInteger(value))) return value;
  throw invalid(
    `found ${flag} ${JSON.stringify(text)}, expected a ${range.whole ? "whole " : ""}number from ${range.min} to ${range.max}`,
    "`--help` lists the flags with their defaults",
  );
}

function parseId(text: string): GatewayId {
  try {
    return parseGatewayId(text);
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    throw invalid(`found --id ${JSON.stringify(text)}, expected letters, digits, ".", "_" and "-"`, "e.g. --id gw-1");
  }
}

function invalid(message: string, hint: string): GatewayError {
  return new GatewayError({ code: "flag_invalid", message, hint });
}
