import { PostgresError } from "./postgres-error.ts";

export type PostgresAddress = {
  /** Without the password. */
  readonly url: string;
  /** Null: `PGPASSWORD`, or `~/.pgpass`, as for every PostgreSQL client. */
  readonly password: string | null;
  /** For people and logs: without anything that could be secret. */
  readonly shown: string;
};

/**
 * `postgres://[user[:password]@]host[:port]/database[?sslmode=…]`. `password` (from a file or the environment, where a
 * process list does not show it) counts when the URL has none. Throws `PostgresError` `database_url_invalid`.
 */
export function parsePostgresAddress(text: string, password: string | null = null): PostgresAddress {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) throw invalid(text);
  const inUrl = url.searchParams.get("password") ?? decoded(url.password, text);
  url.password = "";
  url.searchParams.delete("password");
  const user = url.username === "" ? "" : `${url.username}@`;
  const host = url.host === "" ? (url.searchParams.get("host") ?? "") : url.host;
  return {
    url: url.href,
    password: inUrl === "" ? password : inUrl,
    shown: `postgres://${user}${host}${url.pathname}`,
  };
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(text);
  }
}

function invalid(text: string): PostgresError {
  // What stands before the @ may be a password, and so may all of it be.
  const shown = text.includes("@") ? `…@${text.slice(text.lastIndexOf("@") + 1)}` : text;
  return new PostgresError({
    code: "database_url_invalid",
    message: `found ${JSON.stringify(shown.slice(0, 200))}, expected postgres://USER@HOST:PORT/DATABASE`,
    hint: "e.g. postgres://perch@db.example:5432/perch, with the password in PGPASSWORD or ~/.pgpass",
  });
}
