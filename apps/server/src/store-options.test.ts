import { expect, test } from "vitest";
import { parseOptions, UsageError } from "./options.ts";

const DAY_MS = 86_400_000;

test("a store is embedded, and keeps spans for a month and sessions for over a year, unless said otherwise", () => {
  const { clickhouse, retention } = parseOptions([]);
  expect(clickhouse).toBeNull();
  expect(retention).toEqual({ spansMs: 30 * DAY_MS, sessionsMs: 400 * DAY_MS, summariesMs: 800 * DAY_MS });
});

test("what is kept for ever has no limit", () => {
  const flags = ["--keep-spans", "2h", "--keep-sessions", "forever", "--keep-summaries", "forever"];
  expect(parseOptions(flags).retention).toEqual({ spansMs: 7_200_000, sessionsMs: null, summariesMs: null });
});

test("summaries are kept no shorter than the sessions that are found by them", () => {
  const shorter = ["--keep-sessions", "forever", "--keep-summaries", "10d"];
  expect(() => parseOptions(shorter)).toThrow("--keep-summaries: found 10d, expected no less than");
  expect(() => parseOptions(["--keep-spans", "5m"])).toThrow("--keep-spans: found 5m, expected a duration from 1h on");
});

test("a ClickHouse server is named by flags, which win over the environment", () => {
  const env = {
    PERCH_CLICKHOUSE_URL: "http://a.example:8123",
    PERCH_CLICKHOUSE_USER: "a",
    PERCH_CLICKHOUSE_PASSWORD: "secret",
    PERCH_CLICKHOUSE_DATABASE: "agents",
  };
  const fromEnvironment = { url: "http://a.example:8123", username: "a", password: "secret", database: "agents" };
  expect(parseOptions([], env).clickhouse).toEqual({ ...fromEnvironment, passwordFile: null });
  const flags = ["--clickhouse", "https://b.example:8443", "--clickhouse-user", "b"];
  const files = ["--clickhouse-password-file", "/run/secrets/clickhouse"];
  expect(parseOptions([...flags, ...files], env).clickhouse).toEqual({
    ...fromEnvironment,
    url: "https://b.example:8443",
    username: "b",
    passwordFile: "/run/secrets/clickhouse",
  });
  expect(parseOptions(["--clickhouse", "http://c.example:8123"]).clickhouse).toMatchObject({
    username: "default",
    database: "perch",
  });
});

test("a ClickHouse server that cannot be one is refused, and a password in its URL is not repeated", () => {
  const refusal = (url: string): string => {
    try {
      return JSON.stringify(parseOptions(["--clickhouse", url]));
    } catch (error) {
      return error instanceof UsageError ? error.message : "";
    }
  };
  expect(refusal("a.example:8123")).toContain("no HTTP URL");
  expect(refusal("http://a.example:8123/agents")).toContain("found the path /agents");
  expect(refusal("http://me:hunter2@a.example:8123")).toMatch(/found credentials in the URL(?!.*hunter2)/);
  expect(() => parseOptions(["--clickhouse", "http://a", "--clickhouse-database", "a-b"])).toThrow("found a-b");
});
