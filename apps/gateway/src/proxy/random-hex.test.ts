import { randomFillSync } from "node:crypto";
import { expect, test } from "vitest";
import { createRandomHex } from "./random-hex.ts";

test("never gives the same bytes twice, also where the pool is filled anew", () => {
  const randomHex = createRandomHex((bytes) => randomFillSync(bytes));
  const ids = Array.from({ length: 2000 }, (_, index) => randomHex(index % 2 === 0 ? 16 : 8));
  expect(new Set(ids).size).toBe(2000);
  expect(ids.every((id, index) => id.length === (index % 2 === 0 ? 32 : 16))).toBe(true);
});
