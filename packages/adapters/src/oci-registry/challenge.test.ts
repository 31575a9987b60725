import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseChallenges } from "./challenge.ts";

const told = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, ...Object.fromEntries(parameters) }));

test.each([
  [
    `Bearer realm="https://a.example/t",service="r",scope="repository:a/b:pull,push"`,
    [{ scheme: "bearer", realm: "https://a.example/t", service: "r", scope: "repository:a/b:pull,push" }],
  ],
  [`Basic realm="say \\"hi\\", please"`, [{ scheme: "basic", realm: 'say "hi", please' }]],
  [`basic`, [{ scheme: "basic" }]],
  [
    `Negotiate abc==, Basic realm=x , Bearer REALM = "y"`,
    [{ scheme: "negotiate" }, { scheme: "basic", realm: "x" }, { scheme: "bearer", realm: "y" }],
  ],
  [`Bearer realm="first", realm="second"`, [{ scheme: "bearer", realm: "first" }]],
  [`Bearer realm="never closed`, [{ scheme: "bearer" }]],
  [``, []],
  [`,,, ,`, []],
  [`"quoted"`, []],
])("the header %s holds what it says", (header, expected) => {
  expect(told(header)).toEqual(expected);
});

test("never fails and never hangs, whatever a server sends", () => {
  const pieces = fc.constantFrom("Bearer", " ", "realm", "=", '"', "\\", ",", "a==", "\t", "Basic", "é", ";");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join("")),
      ),
      (header) => {
        expect(Array.isArray(parseChallenges(header))).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
  expect(parseChallenges(`Bearer ${'a="'.repeat(100_000)}`).length).toBeLessThan(5);
});
