import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatReleaseReference, parseReleaseName, parseReleaseReference } from "./reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

test.each([
  ["support@2.3.1", { kind: "version", agent: "support", version: "2.3.1" }],
  ["support@1.0.0-rc.1+build.7", { kind: "version", agent: "support", version: "1.0.0-rc.1+build.7" }],
  [`support@${DIGEST}`, { kind: "digest", agent: "support", digest: DIGEST }],
  ["support:stable", { kind: "pointer", agent: "support", pointer: "stable" }],
  ["support:eu-west-1", { kind: "pointer", agent: "support", pointer: "eu-west-1" }],
])("%s names what it says, and is written the same way", (text, expected) => {
  const name = parseReleaseName(text);
  expect(name).toEqual(expected);
  expect(formatReleaseReference(name)).toBe(text);
});

describe("refused is", () => {
  test.each([
    "",
    "support",
    "support@",
    "support@2.3",
    "support@v2.3.1",
    "support@02.3.1",
    "support@stable",
    "@2.3.1",
    ":stable",
    "support:",
    "support:2.3.1",
    "support:Stable",
    "support:stable:2",
    `support:${DIGEST}`,
    `support:${"a".repeat(64)}`,
    "support@2.3.1@x",
    "support@2.3.1\n",
  ])("%j", (text) => {
    expect(() => parseReleaseName(text)).toThrow(expect.objectContaining({ code: "reference_malformed" }));
  });

  test("a pointer where one release has to be named", () => {
    expect(() => parseReleaseReference("support:stable")).toThrow(/expected "agent@1\.2\.3" or "agent@sha256/);
  });

  test("anything else by an error of its own, never by a crash", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
        try {
          expect(formatReleaseReference(parseReleaseName(text))).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(?:reference|digest|id)_malformed$/) });
        }
      }),
    );
  });
});
