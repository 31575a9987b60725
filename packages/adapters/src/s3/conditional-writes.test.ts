import { expect, test } from "vitest";
import { honoursConditions } from "./conditional-writes.ts";
import { createMemoryBucket } from "./memory-bucket.ts";

test.each([
  ["all", true],
  ["isAbsent", false],
  ["none", false],
  ["refused", false],
] as const)("of a bucket that honours %s of the conditions one can rely on them: %s", async (honoured, isReliable) => {
  const bucket = createMemoryBucket(honoured);
  expect(await honoursConditions(bucket, "probe")).toBe(isReliable);
  expect(await honoursConditions(bucket, "probe")).toBe(isReliable);
});

test("many who ask at the same time all get the right answer, and leave one small object", async () => {
  const bucket = createMemoryBucket("all");
  const answers = await Promise.all(Array.from({ length: 8 }, () => honoursConditions(bucket, "probe")));
  expect(new Set(answers)).toEqual(new Set([true]));
  expect([...bucket.objects.keys()]).toEqual(["probe"]);
});
