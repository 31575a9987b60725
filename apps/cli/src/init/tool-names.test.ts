import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesGlob } from "./matches-glob.ts";
import { createNameGiver } from "./tool-names.ts";

describe("a tool's name", () => {
  test.each([
    ["refund", "refund"],
    ["files.read", "files_read"],
    ["../../etc/passwd", "etc_passwd"],
    ["..\\..\\boot.ini", "boot_ini"],
    ["__proto__", "proto"],
    ["Zahlung ausführen", "Zahlung_ausf_hren"],
    ["", "tool"],
    ["☃", "tool"],
    ["-rf", "rf"],
    ["a".repeat(100_000), "a".repeat(64)],
  ])("made of %j is %j", (wanted, name) => {
    expect(createNameGiver()(wanted)).toBe(name);
  });

  test("is never given twice, not even in other letters' case", () => {
    const giveName = createNameGiver(["taken"]);
    expect(["Taken", "refund", "REFUND", "re fund", "re.fund"].map(giveName)).toEqual([
      "Taken_2",
      "refund",
      "REFUND_2",
      "re_fund",
      "re_fund_2",
    ]);
  });

  test("is always one that agent.yaml and models accept, and the only one of its kind", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("a", "A", "a_2", "constructor"))),
        (all) => {
          const names = all.map(createNameGiver());
          expect(names.every((name) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name))).toBe(true);
          expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(all.length);
        },
      ),
    );
  });
});

describe("a filter", () => {
  test.each([
    ["*", "", true],
    ["orders_*", "orders_list", true],
    ["orders_*", "my_orders_list", false],
    ["*list*", "orders_list_all", true],
    ["get?", "getA", true],
    ["get?", "get", false],
    ["get", "get", true],
    ["a*b*c", "aXbXbXc", true],
    ["a*b*c", "aXcXb", false],
    ["[a]", "a", false],
  ])("%j on %j: %j", (glob, name, isMatch) => {
    expect(matchesGlob(glob, name)).toBe(isMatch);
  });

  test("of many stars is answered at once", () => {
    expect(matchesGlob(`${"*a".repeat(200)}b`, "a".repeat(5_000))).toBe(false);
  });
});
