import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_EXTRACTORS, DEFAULT_LEARNERS, parseDurationMs } from "@perch/domain";
import { parseDatabaseOptions, type DatabaseOptions } from "./database-options.ts";
import { parseStoreOptions, STORE_FLAGS, type StoreOptions } from "./store-options.ts";
import { parseAliases, parsePlaces, parseTargetingKey, type RouteOptions } from "./route-options.ts";

export type ServerOptions = RouteOptions &
  StoreOptions & {
    readonly data: string;
    readonly port: number;
    readonly host: string;
    /** Null: OTLP over HTTP only. */
    readonly otlpGrpcPort: number | null;
    /** Null: whoever reaches the port may send, which is nobody but this machine. */
    readonly ingestTokenFile: string | null;
    /** Null: nobody is notified, and webhooks are signed with a secret of the server's own making. */
    readonly notificationsFile: string | null;
    /** Null: the prices that come with Perch. */
    readonly priceFile: string | null;
    /** How many characters of what goes in and comes out of each span are kept; 0: digests only. */
    readonly contentCharacters: number;
    /** Null: nobody judges sessions. */
    readonly scorersFile: string | null;
    /** Null: this server alone, with everything in its data directory. */
    readonly database: DatabaseOptions | null;
    readonly registry: string;
    readonly trust: string;
    /** Shown to everybody who looks, e.g. that the traffic is simulated. */
    readonly notice: string;
    readonly tickMs: number;
    readonly latenessMs: number;
    readonly idleTimeoutMs: number;
    readonly leaseMs: number;
    readonly clock: "real" | "synthetic";
  };

/** Arguments that make no sense; the message names every one of them. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "usage";
  readonly hint =
    "flags: --data DIR --port N --host NAME --otlp-grpc-port N --ingest-token-file FILE --notifications FILE --scorers FILE --price-file FILE --capture-content N --database URL --database-password-file FILE --advertise-url URL --leader-lease 5s --registry LOCATION --trust DIR --keep-spans 30d|forever --keep-sessions 400d|forever --keep-summaries 800d|forever --clickhouse URL --clickhouse-user NAME --clickhouse-password-file FILE --clickhouse-database NAME --notice TEXT --tick MS --lateness MS --idle-timeout MS|30m --clock real|synthetic --route AGENT=HOST/PATH --targeting-key LIST --aliases LIST";
}

const LEASE_MS = 15_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Flags win over the environment. Throws `UsageError`. */
export function parseOptions(args: readonly string[], env: Environment = {}): ServerOptions {
  const { values } = readArgs(args);
  const problems: string[] = [];
  type Numbered = "port" | "otlp-grpc-port" | "tick" | "lateness" | "capture-content";
  const number = (name: Numbered, bounds: { least: number; most: number }): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= bounds.least && value <= bounds.most) return value;
    problems.push(`--${name}: found ${values[name]}, expected a whole number from ${bounds.least} to ${bounds.most}`);
    return 0;
  };
  const idleTimeoutMs = parseDurationMs(values["idle-timeout"]) ?? Number(values["idle-timeout"]);
  if (!(idleTimeoutMs > 0)) {
    problems.push(`--idle-timeout: found ${values["idle-timeout"]}, expected milliseconds or a duration such as 30m`);
  }
  if (values.clock !== "real" && values.clock !== "synthetic") {
    problems.push(`--clock: found ${values.clock}, expected real or synthetic`);
  }
  const data = resolve(values.data);
  const options: ServerOptions = {
    data,
    port: number("port", { least: 0, most: 65_535 }),
    host: values.host,
    otlpGrpcPort: values["otlp-grpc-port"] === undefined ? null : number("otlp-grpc-port", { least: 0, most: 65_535 }),
    ...filesNamed(values, env),
    contentCharacters: number("capture-content", { least: 0, most: 1_000_000 }),
    scorersFile: scorersFile(values, env, problems),
    database: parseDatabaseOptions(values, env, problems),
    registry: values.registry ?? join(data, "registry"),
    trust: resolve(values.trust ?? join(data, "trust")),
    notice: values.notice,
    tickMs: number("tick", { least: 10, most: 60_000 }),
    latenessMs: number("lateness", { least: 0, most: 86_400_000 }),
    idleTimeoutMs,
    leaseMs: LEASE_MS,
    clock: values.clock === "synthetic" ? "synthetic" : "real",
    ...parseStoreOptions(values, env, problems),
    ...routeOptions(values, env, problems),
  };
  if (problems.length > 0) throw new UsageError(problems.join("; "));
  return options;
}

function filesNamed(
  values: Pick<ReturnType<typeof readArgs>["values"], "ingest-token-file" | "notifications" | "price-file">,
  env: Environment,
): Pick<ServerOptions, "ingestTokenFile" | "notificationsFile" | "priceFile"> {
  return {
    ingestTokenFile: fileNamed(values["ingest-token-file"], env["PERCH_INGEST_TOKEN_FILE"]),
    notificationsFile: fileNamed(values.notifications, env["PERCH_NOTIFICATIONS_FILE"]),
    priceFile: fileNamed(values["price-file"], env["PERCH_PRICE_FILE"]),
  };
}

function fileNamed(flag: string | undefined, variable: string | undefined): string | null {
  const name = flag ?? variable ?? "";
  return name === "" ? null : resolve(name);
}

function scorersFile(
  { scorers, clock }: Pick<ReturnType<typeof readArgs>["values"], "scorers" | "clock">,
  env: Environment,
  problems: string[],
): string | null {
  const file = fileNamed(scorers, env["PERCH_SCORERS_FILE"]);
  if (file !== null && clock === "synthetic") {
    problems.push("--scorers: found it with --clock synthetic, expected the real clock: judges take real time");
  }
  return file;
}

function routeOptions(
  values: Pick<ReturnType<typeof readArgs>["values"], "route" | "targeting-key" | "aliases">,
  env: Environment,
  problems: string[],
): RouteOptions {
  const routes = values.route ?? env["PERCH_ROUTES"]?.split(/\s+/).filter((route) => route !== "") ?? [];
  const targetingKey = values["targeting-key"] ?? env["PERCH_TARGETING_KEY"];
  const aliases = values.aliases ?? env["PERCH_ALIASES"];
  return {
    places: parsePlaces(routes, problems),
    sessionExtractors: targetingKey === undefined ? DEFAULT_EXTRACTORS : parseTargetingKey(targetingKey, problems),
    sessionLearners: aliases === undefined ? DEFAULT_LEARNERS : parseAliases(aliases, problems),
  };
}

function readArgs(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: "string", default: ".perch" },
        port: { type: "string", default: "4600" },
        host: { type: "string", default: "127.0.0.1" },
        "otlp-grpc-port": { type: "string" },
        "ingest-token-file": { type: "string" },
        notifications: { type: "string" },
        "price-file": { type: "string" },
        "capture-content": { type: "string", default: "0" },
        ...STORE_FLAGS,
        scorers: { type: "string" },
        database: { type: "string" },
        "database-password-file": { type: "string" },
        "advertise-url": { type: "string" },
        "leader-lease": { type: "string" },
        registry: { type: "string" },
        trust: { type: "string" },
        notice: { type: "string", default: "" },
        tick: { type: "string", default: "500" },
        lateness: { type: "string", default: "2000" },
        "idle-timeout": { type: "string", default: "30m" },
        clock: { type: "string", default: "real" },
        route: { type: "string", multiple: true },
        "targeting-key": { type: "string" },
        aliases: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
