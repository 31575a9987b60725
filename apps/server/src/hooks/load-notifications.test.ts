import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadNotifications, secretFileIn } from "./load-notifications.ts";

const scratch = mkdtempSync(join(tmpdir(), "perch-notifications-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const SECRET = `whsec_${"A".repeat(32)}`;

function load(yaml: string, env: Record<string, string> = {}) {
  const file = join(scratch, "notifications.yaml");
  writeFileSync(file, `apiVersion: perch.dev/v1\nkind: Notifications\n${yaml}`);
  return loadNotifications({ file, secretFile: secretFileIn(scratch), env });
}

test("secrets are looked up in variables, and in files beside the one that names them", () => {
  writeFileSync(join(scratch, "url"), "https://slack.example/T1\n");
  const settings = load("signing: { env: KEY }\nchannels: [{ name: oncall, type: slack, url: { file: url } }]\n", {
    KEY: `${SECRET}\n${SECRET}`,
  });
  expect(settings.channels[0]?.url).toBe("https://slack.example/T1");
  expect(settings.secrets).toHaveLength(2);
});

test("without a secret of its own the server makes one, keeps it to itself, and has the same after a restart", () => {
  const secretFile = join(scratch, "own", "webhook-secret");
  const first = loadNotifications({ file: null, secretFile, env: {} });
  expect(statSync(secretFile).mode & 0o077).toBe(0);
  expect(loadNotifications({ file: null, secretFile, env: {} })).toEqual(first);
});

test.each([
  ["a missing variable", "signing: { env: NOPE }\n", "signing: found no variable NOPE"],
  ["a missing file", "channels: [{ name: a, type: slack, url: { file: nope } }]\n", "channel a: cannot read"],
  ["a secret that is none", "signing: { env: BAD }\n", "expected whsec_"],
  [
    "an address that is none",
    "channels: [{ name: a, type: slack, url: { env: BAD } }]\n",
    "expected an http or https URL",
  ],
  ["a wrong field, with its line", "chanels: []\n", ":3:"],
])("%s is a usage error that repeats no secret", (_, yaml, message) => {
  const attempt = () => load(yaml, { BAD: "hunter2-hunter2" });
  expect(attempt).toThrow(message);
  expect(attempt).not.toThrow("hunter2");
});
