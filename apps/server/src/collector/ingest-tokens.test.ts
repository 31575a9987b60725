import { expect, test } from "vitest";
import { parseIngestTokens } from "./ingest-tokens.ts";

const HASH = "5e".repeat(32);

test("a token has limits of its own, or generous ones", () => {
  const text = `tokens:
  - { name: support, sha256: ${HASH}, requestsPerSecond: 5, bytesPerSecond: 1000 }
  - { name: sales.eu, sha256: ${"0a".repeat(32)} }
`;
  expect(parseIngestTokens(text, "tokens.yaml")).toEqual([
    { name: "support", sha256: HASH, requestsPerSecond: 5, bytesPerSecond: 1000 },
    { name: "sales.eu", sha256: "0a".repeat(32), requestsPerSecond: 1000, bytesPerSecond: 64_000_000 },
  ]);
});

test.each([
  ["a token in the clear", "tokens: [{ name: a, sha256: my-secret }]", /tokens\.yaml:1: tokens\.0\.sha256: .*SHA-256/],
  ["no tokens", "tokens: []", /tokens\.yaml:1: tokens/],
  ["a limit of nothing", `tokens:\n- name: a\n  sha256: ${HASH}\n  requestsPerSecond: 0`, /tokens\.yaml:4/],
  ["a field that is none", `tokens: [{ name: a, sha256: ${HASH}, rate: 1 }]`, /rate/],
  ["a hash twice", `tokens: [{ name: a, sha256: ${HASH} }, { name: b, sha256: ${HASH} }]`, /found a sha256 twice/],
  ["no YAML", "tokens: [", /tokens\.yaml:1: /],
])("refuses %s and says where it is, but not what stands there", (_what, text, expected) => {
  expect(() => parseIngestTokens(text, "tokens.yaml")).toThrow(expected);
  expect(() => parseIngestTokens(text, "tokens.yaml")).not.toThrow(/my-secret/);
});
