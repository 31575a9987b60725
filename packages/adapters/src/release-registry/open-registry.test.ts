import { resolve } from "node:path";
import { parseAgentName } from "@perch/domain";
import { expect, test } from "vitest";
import { fullLocation, openRegistry } from "./open-registry.ts";

const SUPPORT = parseAgentName("support");

test.each([
  ["oci://registry.example/acme", "oci://registry.example/acme/support", "oci://registry.example/acme"],
  [
    "oci+http://registry.example/acme/",
    "oci+http://registry.example/acme/support",
    "oci+http://registry.example/acme/",
  ],
  ["some/where", resolve("some/where"), resolve("some/where")],
  ["/some/where", "/some/where", "/some/where"],
  ["oci", resolve("oci"), resolve("oci")],
])("%s is opened as what it is", (location, repository, full) => {
  expect(openRegistry(location, {}).repository(SUPPORT).location).toBe(repository);
  expect(fullLocation(location)).toBe(full);
});

test.each(["https://registry.example/acme", "docker://registry.example/acme", "oci://registry.example", "oci:acme"])(
  "%s is refused, and makes no directory of that name",
  (location) => {
    expect(() => openRegistry(location, {})).toThrow(
      expect.objectContaining({ code: "reference_malformed", message: expect.stringContaining("oci://") }),
    );
  },
);
