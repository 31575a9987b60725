import { RedisError } from "./redis-error.ts";

export type RedisAddress = {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly database: number;
  readonly username: string | null;
  readonly password: string | null;
  /** For people and logs: without the credentials. */
  readonly shown: string;
};

const DEFAULT_PORT = 6379;

/**
 * `redis://[[user]:password@]host[:port][/database]`, `rediss:` for TLS. `password` (from the environment, where a process
 * list does not show it) counts when the URL has none. Throws `RedisError` `redis_url_invalid`.
 */
export function parseRedisAddress(text: string, password: string | null): RedisAddress {
  const url = URL.parse(text);
  const database = /^\/?(\d{0,4})$/.exec(url?.pathname ?? "x")?.[1];
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === "" || database === undefined) {
    throw invalid(text);
  }
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    isTls: url.protocol === "rediss:",
    database: Number(database),
    username: url.username === "" ? null : decoded(url.username, text),
    password: url.password === "" ? password : decoded(url.password, text),
    shown: `${url.protocol}//${url.hostname}:${port}/${Number(database)}`,
  };
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(text);
  }
}

function invalid(text: string): RedisError {
  // What stands before the @ may be a password, and so may all of it be.
  const shown = text.includes("@") ? `…@${text.slice(text.lastIndexOf("@") + 1)}` : text;
  return new RedisError({
    code: "redis_url_invalid",
    message: `found ${JSON.stringify(shown.slice(0, 200))}, expected redis://HOST:PORT/DATABASE or rediss://…`,
    hint: "e.g. redis://127.0.0.1:6379/0",
  });
}
