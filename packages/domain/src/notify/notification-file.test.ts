import { expect, test } from "vitest";
import { NotifyError } from "./error.ts";
import { notificationJsonSchema, parseNotificationFile } from "./notification-file.ts";

const HEAD = { apiVersion: "perch.dev/v1", kind: "Notifications" };
const SLACK = { name: "oncall", type: "slack", url: { env: "SLACK_URL" } };

function problemsOf(value: unknown): readonly string[] {
  try {
    parseNotificationFile(value);
    return [];
  } catch (error) {
    if (!(error instanceof NotifyError)) throw error;
    return error.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
  }
}

test("a channel that says nothing else is told everything, ten seconds a try, nine tries", () => {
  expect(parseNotificationFile({ ...HEAD, channels: [SLACK] })).toEqual({
    console: null,
    signing: null,
    channels: [
      {
        ...SLACK,
        on: ["paused", "needsApproval", "rolledBack", "promoted", "drainLate"],
        agents: null,
        timeoutMs: 10_000,
        retries: 8,
      },
    ],
  });
});

test.each([
  ["an address in the file itself", { ...HEAD, channels: [{ ...SLACK, url: "https://hooks.example/secret" }] }, "url"],
  ["an unknown field", { ...HEAD, chanels: [] }, "chanels"],
  ["an unknown piece of news", { ...HEAD, channels: [{ ...SLACK, on: ["failed"] }] }, "channels.0.on.0"],
  ["two channels of one name", { ...HEAD, channels: [SLACK, SLACK] }, "channels.1.name: found a name twice"],
  ["an agent that is no name", { ...HEAD, channels: [{ ...SLACK, agents: ["No Name"] }] }, "expected an agent's name"],
  ["a console without an address", { ...HEAD, console: "perch" }, "expected an http or https URL"],
  ["a wrong kind", { ...HEAD, kind: "Rollout" }, "kind"],
  ["nothing", null, "expected object"],
])("refuses %s", (_, file, message) => {
  expect(problemsOf(file).join()).toContain(message);
});

test("a problem never repeats an address that stands where a reference belongs", () => {
  const file = { ...HEAD, channels: [{ ...SLACK, url: "https://hooks.example/secret" }] };
  expect(problemsOf(file).join()).not.toContain("hooks.example");
});

test("the published JSON Schema knows the fields and refuses others", () => {
  expect(notificationJsonSchema()).toMatchObject({
    additionalProperties: false,
    properties: { channels: {}, console: {}, signing: {} },
  });
});
