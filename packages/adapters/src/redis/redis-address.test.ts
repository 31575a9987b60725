import { expect, test } from "vitest";
import { parseRedisAddress } from "./redis-address.ts";

test("a URL names host, port, database and credentials, and is shown without them", () => {
  expect(parseRedisAddress("rediss://ada:p%40ss@cache.example:7000/3", "other")).toEqual({
    host: "cache.example",
    port: 7000,
    isTls: true,
    database: 3,
    username: "ada",
    password: "p@ss",
    shown: "rediss://cache.example:7000/3",
  });
  expect(parseRedisAddress("redis://[::1]", "from-env")).toMatchObject({
    host: "::1",
    port: 6379,
    isTls: false,
    database: 0,
    password: "from-env",
    shown: "redis://[::1]:6379/0",
  });
});

test.each([
  "",
  "http://x",
  "redis://",
  "redis://h/db",
  "redis://u:s3cret@h:99999/0",
  "redis://u:s3cret%@h/0",
  "s3cret@",
])("%j is refused without telling what may be a password", (text) => {
  expect(() => parseRedisAddress(text, null)).toThrow(expect.objectContaining({ code: "redis_url_invalid" }));
  expect(() => parseRedisAddress(text, null)).not.toThrow(/s3cret/);
});
