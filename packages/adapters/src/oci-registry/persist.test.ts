import { ReleaseError } from "@perch/domain";
import { expect, test } from "vitest";
import { createPersist, type Outcome } from "./persist.ts";

const failed = (retryAfterMs: number | null = null): Outcome<string> => ({
  kind: "failed",
  error: new ReleaseError({ code: "registry_unreachable", message: "no", hint: "try" }),
  retryAfterMs,
});

function persistent(random = 1) {
  const pauses: number[] = [];
  return { pauses, persist: createPersist({ sleep: async (ms) => void pauses.push(ms), random: () => random }) };
}

test("tries with growing pauses until something comes of it", async () => {
  const { persist, pauses } = persistent();
  const tried = await persist<string>(async (attempt) => (attempt < 3 ? failed() : { kind: "done", value: "there" }));
  expect(tried).toBe("there");
  expect(pauses).toEqual([250, 500, 1_000]);
});

test("gives up after five tries with the last failure, without another pause", async () => {
  const { persist, pauses } = persistent(0);
  await expect(persist(async () => failed())).rejects.toMatchObject({ code: "registry_unreachable" });
  expect(pauses).toEqual([125, 250, 500, 1_000]);
});

test("pauses as long as it was asked to, but half a minute at most", async () => {
  const { persist, pauses } = persistent();
  await expect(persist(async (attempt) => failed([1, 2_000, 1e12, 0][attempt] ?? null))).rejects.toThrow("no");
  expect(pauses).toEqual([250, 2_000, 30_000, 2_000]);
});

test("what no further try would change is not tried again", async () => {
  const { persist, pauses } = persistent();
  await expect(persist(async () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  expect(pauses).toEqual([]);
});
