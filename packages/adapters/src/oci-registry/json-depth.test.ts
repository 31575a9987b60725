import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nestsTooDeep } from "./json-depth.ts";

const nested = (depth: number, inner = "1"): Uint8Array =>
  Buffer.from(`${"[".repeat(depth)}${inner}${"]".repeat(depth)}`);

test("64 levels are deep enough for anybody, 65 are too many", () => {
  expect(nestsTooDeep(nested(64))).toBe(false);
  expect(nestsTooDeep(nested(65))).toBe(true);
  expect(nestsTooDeep(Buffer.from('{"a":'.repeat(65)))).toBe(true);
});

test("brackets in a string are no levels", () => {
  expect(nestsTooDeep(nested(63, JSON.stringify(`\\"${"[{".repeat(100)}`)))).toBe(false);
  expect(nestsTooDeep(nested(1, `"never closed ${"[".repeat(100)}`))).toBe(false);
});

test("no document of ordinary depth is ever taken for a deep one", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 20 }), (json) => {
      expect(nestsTooDeep(Buffer.from(json))).toBe(false);
    }),
  );
});
