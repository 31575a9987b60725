import { expect, test } from "vitest";
import { parseOptions, UsageError } from "./options.ts";

const URL = "postgres://perch@db/perch";

test("a server without a database shares nothing", () => {
  expect(parseOptions([]).database).toBeNull();
});

test("a database may be named by flag or environment, with how long a leader is waited for", () => {
  const env = { PERCH_DATABASE: URL, PERCH_ADVERTISE_URL: "http://perch-1:4600/", PERCH_LEADER_LEASE: "3s" };
  expect(parseOptions([], env).database).toEqual({
    url: URL,
    passwordFile: null,
    advertiseUrl: "http://perch-1:4600",
    leaderLeaseMs: 3000,
  });
  expect(parseOptions(["--database", URL, "--database-password-file", "/p"]).database).toEqual({
    url: URL,
    passwordFile: "/p",
    advertiseUrl: null,
    leaderLeaseMs: 5000,
  });
});

test.each([
  [["--advertise-url", "http://x"], "--advertise-url: found it without --database"],
  [["--leader-lease", "3s"], "--leader-lease: found it without --database"],
  [["--database", URL, "--leader-lease", "10ms"], "--leader-lease: found 10ms, expected a duration from 1s to 60s"],
  [["--database", URL, "--advertise-url", "perch-1"], "--advertise-url: found perch-1"],
  [["--database", URL, "--host", "0.0.0.0"], "--advertise-url: found none with --host 0.0.0.0"],
])("%j is refused", (args, message) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(message);
});
