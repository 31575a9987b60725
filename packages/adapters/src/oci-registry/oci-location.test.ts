import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatOciLocation, isOciLocation, parseOciLocation } from "./oci-location.ts";

test.each([
  ["oci://registry.example/acme", "https://registry.example", "acme"],
  ["oci://registry.example:5000/acme/agents/", "https://registry.example:5000", "acme/agents"],
  ["oci://127.0.0.1:5000/acme", "http://127.0.0.1:5000", "acme"],
  ["oci://localhost/acme", "http://localhost", "acme"],
  ["oci://[::1]:5000/acme", "http://[::1]:5000", "acme"],
  ["oci+http://registry.example/acme", "http://registry.example", "acme"],
  ["oci+https://localhost:5000/acme", "https://localhost:5000", "acme"],
])("%s is spoken to at %s", (text, origin, path) => {
  expect(isOciLocation(text)).toBe(true);
  expect(parseOciLocation(text)).toEqual({ origin, path });
});

test.each([
  "oci://registry.example",
  "oci://registry.example/",
  "oci:///acme",
  "oci://registry.example/Acme",
  "oci://registry.example/acme//x",
  "oci://registry.example/../x",
  "oci://registry.example/acme?x=1",
  "oci://registry.example/acme#x",
  "oci://reg istry/acme",
  "oci://host:99999/acme",
  "oci:registry.example/acme",
  `oci://registry.example/${"a".repeat(300)}`,
])("%s is refused with what was expected", (text) => {
  expect(() => parseOciLocation(text)).toThrow(/expected oci:\/\/HOST\[:PORT\]\/PREFIX/);
});

test("a password in a location is refused, and not repeated", () => {
  let shown = "";
  try {
    parseOciLocation("oci://ci:hunter2@registry.example/acme");
  } catch (error) {
    shown = `${String(error)} ${JSON.stringify(error)}`;
  }
  expect(shown).toContain("PERCH_REGISTRY_PASSWORD");
  expect(shown).not.toContain("hunter2");
});

describe("a location as it is told", () => {
  const hosts = fc.constantFrom("registry.example", "registry.example:5000", "localhost:1", "127.0.0.1", "[::1]:5000");
  test("always leads back to the same place", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("http", "https"),
        hosts,
        fc.constantFrom("acme", "a/b-c/d_e"),
        (protocol, host, path) => {
          const location = { origin: new URL(`${protocol}://${host}`).origin, path };
          expect(parseOciLocation(formatOciLocation(location))).toEqual(location);
        },
      ),
    );
  });
});
