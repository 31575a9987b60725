import { resolve } from "node:path";
import { parseDurationMs } from "@perch/domain";

export type StoreOptions = {
  /** Null: chDB in the data directory. */
  readonly clickhouse: ClickHouseOptions | null;
  /** How long what came in is kept, in milliseconds; null: for ever. */
  readonly retention: Readonly<Record<"spansMs" | "sessionsMs" | "summariesMs", number | null>>;
};

export type ClickHouseOptions = {
  readonly url: string;
  readonly username: string;
  readonly database: string;
  /** The file wins; neither: no password. */
  readonly passwordFile: string | null;
  readonly password: string;
};

/** Flags of the store, and the variables of the environment that stand for them. */
export const STORE_FLAGS = {
  "keep-spans": { type: "string", default: "30d" },
  "keep-sessions": { type: "string", default: "400d" },
  "keep-summaries": { type: "string", default: "800d" },
  clickhouse: { type: "string" },
  "clickhouse-user": { type: "string" },
  "clickhouse-password-file": { type: "string" },
  "clickhouse-database": { type: "string" },
} as const;

type Values = Readonly<Record<"keep-spans" | "keep-sessions" | "keep-summaries", string>> &
  Partial<Readonly<Record<keyof typeof STORE_FLAGS, string | undefined>>>;
type Environment = Readonly<Record<string, string | undefined>>;

const HOUR_MS = 3_600_000;
const DATABASE = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** What is wrong is added to `problems`. */
export function parseStoreOptions(values: Values, env: Environment, problems: string[]): StoreOptions {
  const retention = {
    spansMs: keep("keep-spans", values, problems),
    sessionsMs: keep("keep-sessions", values, problems),
    summariesMs: keep("keep-summaries", values, problems),
  };
  if ((retention.summariesMs ?? Infinity) < (retention.sessionsMs ?? Infinity)) {
    problems.push(
      `--keep-summaries: found ${values["keep-summaries"]}, expected no less than --keep-sessions, ${values["keep-sessions"]}`,
    );
  }
  return { clickhouse: clickhouseOptions(values, env, problems), retention };
}

function keep(flag: "keep-spans" | "keep-sessions" | "keep-summaries", values: Values, problems: string[]) {
  const text = values[flag];
  if (text === "forever") return null;
  const milliseconds = parseDurationMs(text);
  if (milliseconds !== null && milliseconds >= HOUR_MS) return milliseconds;
  problems.push(`--${flag}: found ${text}, expected a duration from 1h on such as 30d, or forever`);
  return null;
}

function clickhouseOptions(values: Values, env: Environment, problems: string[]): ClickHouseOptions | null {
  const said = (flag: keyof Values, variable: string, otherwise: string): string =>
    values[flag] ?? env[variable] ?? otherwise;
  const url = said("clickhouse", "PERCH_CLICKHOUSE_URL", "");
  if (url === "") return null;
  const database = said("clickhouse-database", "PERCH_CLICKHOUSE_DATABASE", "perch");
  const passwordFile = said("clickhouse-password-file", "PERCH_CLICKHOUSE_PASSWORD_FILE", "");
  problems.push(...problemsOfUrl(url));
  if (!DATABASE.test(database)) {
    problems.push(`--clickhouse-database: found ${database}, expected letters, digits and underscores`);
  }
  return {
    url,
    username: said("clickhouse-user", "PERCH_CLICKHOUSE_USER", "default"),
    database,
    passwordFile: passwordFile === "" ? null : resolve(passwordFile),
    password: env["PERCH_CLICKHOUSE_PASSWORD"] ?? "",
  };
}

/** Never repeats a URL that may hold a password. */
function problemsOfUrl(text: string): readonly string[] {
  const expected = "expected http://HOST:8123 or https://HOST:8443";
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return [`--clickhouse: found something that is no HTTP URL, ${expected}`];
  }
  if (url.username !== "" || url.password !== "") {
    return [
      `--clickhouse: found credentials in the URL, ${expected}, --clickhouse-user, and the password in a file or in PERCH_CLICKHOUSE_PASSWORD`,
    ];
  }
  if (url.pathname === "/" && url.search === "") return [];
  return [`--clickhouse: found the path ${url.pathname}${url.search}, ${expected} and --clickhouse-database`];
}
