import { expect, test } from "vitest";
import { createBufferPool } from "./buffer-pool.ts";

const MB = 1024 * 1024;

test("memory that was given back is used again, by whoever needs as much or a little less", () => {
  const pool = createBufferPool();
  const first = pool.take(600_000);
  expect(first.length).toBeGreaterThanOrEqual(600_000);
  expect(pool.take(600_000)).not.toBe(first);
  pool.giveBack(first);
  expect(pool.take(700_000)).toBe(first);
  expect(pool.take(700_000)).not.toBe(first);
});

test("no more than 32 MB lie idle, and nothing large", () => {
  const pool = createBufferPool();
  const given = Array.from({ length: 40 }, () => pool.take(MB));
  for (const buffer of given) pool.giveBack(buffer);
  const again = new Set(Array.from({ length: 40 }, () => pool.take(MB)));
  expect(given.filter((buffer) => again.has(buffer))).toHaveLength(32);
  const large = pool.take(3 * MB);
  pool.giveBack(large);
  expect(pool.take(3 * MB)).not.toBe(large);
});
