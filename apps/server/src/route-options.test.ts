import { expect, test } from "vitest";
import { parseOptions, UsageError } from "./options.ts";

const places = (...routes: string[]) =>
  Object.fromEntries(parseOptions(routes.flatMap((route) => ["--route", route])).places);

test("agents are at hosts, paths, or both", () => {
  expect(places("support=Support.example,*.support.example", "sales=shop.example/sales/", "rest=/")).toEqual({
    support: { hosts: ["support.example", "*.support.example"], pathPrefix: "" },
    sales: { hosts: ["shop.example"], pathPrefix: "/sales" },
    rest: { hosts: [], pathPrefix: "" },
  });
});

test("flags win over the environment", () => {
  const env = {
    PERCH_ROUTES: "support=a.example sales=/shop",
    PERCH_TARGETING_KEY: "cookie:sid",
    PERCH_ALIASES: "mcp",
  };
  const options = parseOptions(["--targeting-key", "header:X-A, jwt:sub"], env);
  expect([...options.places.keys()]).toEqual(["support", "sales"]);
  expect(options.sessionExtractors).toEqual([
    { kind: "header", name: "x-a" },
    { kind: "jwt", claim: "sub", from: { kind: "bearer" } },
  ]);
  expect(options.sessionLearners).toEqual([{ kind: "responseHeader", name: "mcp-session-id" }]);
  expect(parseOptions([], {}).sessionExtractors[0]).toEqual({ kind: "header", name: "x-session-id" });
});

test.each([
  [["support"], "expected AGENT=HOST"],
  [["support="], "expected AGENT=HOST"],
  [["Support=/x"], "expected AGENT=HOST"],
  [["support=a b.example"], "expected AGENT=HOST"],
  [["support=a.example:80"], "expected AGENT=HOST"],
  [["support=/a//b"], "expected AGENT=HOST"],
  [["support=/a", "support=/b"], "twice"],
  [["support=/a", "sales=/a"], "where support is too"],
  [["support=a.example", "sales=A.example/"], "where support is too"],
])("routes %j are refused: %s", (routes, reason) => {
  expect(() => places(...routes)).toThrow(UsageError);
  expect(() => places(...routes)).toThrow(reason);
});

test("every rule that is not understood is told", () => {
  expect(() => parseOptions(["--targeting-key", "header:a,psychic", "--aliases", "x"])).toThrow(/psychic.*"x"/s);
});
