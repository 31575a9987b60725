import { expect, test } from "vitest";
import { isInVersionRange, parseVersionRange } from "./version-range.ts";

test.each([
  ["1.2.3", ["1.2.3"], ["1.2.4", "1.2.2", "1.2.3-rc.1"]],
  [">=1.0.0 <2.0.0", ["1.0.0", "1.9.9", "2.0.0-rc.1"], ["0.9.9", "2.0.0"]],
  ["^1.2.3", ["1.2.3", "1.99.0"], ["1.2.2", "2.0.0", "2.0.0-rc.1"]],
  ["^0.2.3", ["0.2.3", "0.2.99"], ["0.3.0", "0.3.0-a"]],
  ["^0.0.3", ["0.0.3"], ["0.0.4"]],
  ["^0.0.0", ["0.0.0"], ["0.0.1"]],
  ["~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0", "1.2.2"]],
  ["<=1.0.0 || =3.0.0", ["0.1.0", "1.0.0", "3.0.0"], ["1.0.1", "3.0.1"]],
  ["^99999999999999999999.0.0", ["99999999999999999999.5.0"], ["100000000000000000000.0.0"]],
])("the range %s", (text, inside, outside) => {
  const range = parseVersionRange(text) ?? [];
  expect(inside.filter((version) => !isInVersionRange(version, range))).toEqual([]);
  expect(outside.filter((version) => isInVersionRange(version, range))).toEqual([]);
});

test.each([
  "",
  "1",
  "1.x",
  "*",
  "1.2.3 -",
  ">= 1.0.0",
  "1.0.0 ||",
  "latest",
  "^1.2",
  "1.0.0,2.0.0",
  "1.0.0 ".repeat(100),
])("%j is no range", (text) => {
  expect(parseVersionRange(text)).toBeNull();
});
