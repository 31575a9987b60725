import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { gatewayHeaders, inRequest, recordSpans } from "../it/recorded-spans.ts";
import { memory } from "./memory.ts";

let spans: ReturnType<typeof recordSpans>;
beforeAll(() => {
  spans = recordSpans();
});
beforeEach(() => spans.exporter.reset());
afterAll(() => spans.stop());

test("reads and writes are spans of memory, by store and record", async () => {
  await inRequest(gatewayHeaders("canary"), async () => {
    expect(await memory.read("profile", () => ["a", "b"], { record: "user-1" })).toEqual(["a", "b"]);
    await memory.write("profile", (namespace) => expect(namespace).toBe("profile"));
  });
  const [read, write] = spans.exporter.getFinishedSpans();
  expect(read?.attributes).toMatchObject({
    "gen_ai.operation.name": "search_memory",
    "gen_ai.memory.store.id": "profile",
    "gen_ai.memory.record.id": "user-1",
    "gen_ai.memory.record.count": 2,
    "perch.session.id": "s-1",
  });
  expect(write?.attributes).toMatchObject({ "gen_ai.operation.name": "upsert_memory", "perch.arm": "canary" });
});

test("a store that fails leaves a failed span and the caller its error", async () => {
  const failing = memory.read("profile", () => Promise.reject(new RangeError("gone")));
  await expect(failing).rejects.toThrow("gone");
  expect(spans.exporter.getFinishedSpans()[0]?.attributes["error.type"]).toBe("RangeError");
});

test("a shadow never gets the namespace of users, and always the same one within its session", async () => {
  const asked = (session: string) => inRequest(gatewayHeaders("shadow", session), () => memory.namespace("profile"));
  expect(asked("chat%2F1")).toBe("perch-shadow/support-2/chat%252F1/profile");
  expect(asked("s-2")).toBe(asked("s-2"));
  expect(asked("s-2")).not.toBe(asked("s-3"));
  await inRequest(gatewayHeaders("shadow"), () =>
    memory.write("profile", (namespace) => expect(namespace).toBe("perch-shadow/support-2/s-1/profile")),
  );
});
