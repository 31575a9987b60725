import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions } from "./version-precedence.ts";

// The chain of semver.org item 11, and what its rules say beyond it.
const ASCENDING = [
  "0.9.10",
  "0.10.0",
  "1.0.0-1",
  "1.0.0-2",
  "1.0.0-10",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.0+build.2",
  "2.0.0",
  "2.1.0",
  "2.1.1",
  "99999999999999999999.0.0",
];

test("versions are ordered as semver.org says, whatever order they come in", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(ASCENDING, { minLength: ASCENDING.length }), (shuffled) => {
      expect(shuffled.toSorted(compareVersions)).toEqual(ASCENDING);
    }),
  );
});

test("a version equals itself", () => {
  for (const version of ASCENDING) expect(compareVersions(version, version)).toBe(0);
});
