import * as fc from "fast-check";
import { compareRevisions, parseAgentName } from "@perch/domain";
import { anAgentRoute, aRoutingTable } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createHeldTable } from "./held-table.ts";
import { createRouteIndex } from "./route-index.ts";

const table = (sequence: number, epoch = 1): ReturnType<typeof aRoutingTable> =>
  aRoutingTable({ revision: { epoch, sequence }, leaseMs: 100 });

describe("the table held", () => {
  test("never goes back to a smaller revision, whatever is offered", () => {
    const revisions = fc.array(fc.record({ epoch: fc.nat({ max: 3 }), sequence: fc.nat({ max: 5 }) }));
    fc.assert(
      fc.property(revisions, (offers) => {
        const held = createHeldTable(() => 0);
        for (const { epoch, sequence } of offers) held.offer(table(sequence, epoch));
        const largest = offers.toSorted(compareRevisions).at(-1);
        expect(held.index()?.table.revision).toEqual(largest);
      }),
    );
  });

  test("the same revision again is no new table, and renews the lease", () => {
    let now = 0;
    const held = createHeldTable(() => now);
    held.offer(table(1));
    now = 150;
    expect([held.isFenced(), held.offer(table(1)), held.isFenced()]).toEqual([true, "held", false]);
  });
});

describe("the lease", () => {
  test("runs out a lease after its last renewal, and begins anew with the next", () => {
    let now = 0;
    const held = createHeldTable(() => now);
    held.offer(table(1));
    now = 100;
    expect(held.isFenced()).toBe(false);
    expect(held.renew({ epoch: 1, sequence: 1 })).toBe("renewed");
    now = 200;
    expect(held.isFenced()).toBe(false);
    now = 201;
    expect(held.isFenced()).toBe(true);
    held.renew({ epoch: 1, sequence: 1 });
    expect(held.isFenced()).toBe(false);
  });

  test.each([
    [{ epoch: 1, sequence: 4 }, "older"],
    [{ epoch: 1, sequence: 6 }, "newer"],
    [{ epoch: 2, sequence: 0 }, "newer"],
  ])("is not renewed by %j, which is not the table held", (revision, renewal) => {
    let now = 0;
    const held = createHeldTable(() => now);
    held.offer(table(5));
    now = 150;
    expect([held.renew(revision), held.isFenced()]).toEqual([renewal, true]);
  });

  test("is missing before the first table, and for a table from disk until the server stands by it", () => {
    const held = createHeldTable(() => 0);
    expect(held.isFenced()).toBe(true);
    held.restore(table(3));
    expect(held.isFenced()).toBe(true);
    held.renew({ epoch: 1, sequence: 3 });
    expect(held.isFenced()).toBe(false);
  });
});

test("how long ago the lease was renewed, and for how long there is none, is told", () => {
  let now = 1000;
  const held = createHeldTable(() => now);
  now = 1010;
  expect([held.sinceRenewalMs(), held.fencedForMs()]).toEqual([null, 10]);
  held.offer(table(1));
  now = 1110;
  expect([held.sinceRenewalMs(), held.fencedForMs()]).toEqual([100, null]);
  now = 1150;
  expect([held.sinceRenewalMs(), held.fencedForMs()]).toEqual([140, 40]);
});

describe("the agent of a path", () => {
  const route = (agent: string, pathPrefix: string): ReturnType<typeof anAgentRoute> =>
    anAgentRoute({ agent: parseAgentName(agent), pathPrefix });
  const index = createRouteIndex(
    aRoutingTable({ agents: [route("support", "/support"), route("deep", "/support/deep"), route("sales", "/sales")] }),
  );

  test.each([
    ["/support", "support"],
    ["/support/", "support"],
    ["/support/chat", "support"],
    ["/support/deep", "deep"],
    ["/support/deep/er", "deep"],
    ["/support/deeper", "support"],
    ["/supporting", undefined],
    ["/", undefined],
    ["", undefined],
  ])("%s belongs to %s", (path, agent) => {
    expect(index.find(path, "")?.route.agent).toBe(agent);
  });

  test("an agent without a prefix gets what no other has", () => {
    const all = createRouteIndex(aRoutingTable({ agents: [route("rest", ""), route("sales", "/sales")] }));
    expect(["/", "/x/y", "/sales/x"].map((path) => all.find(path, "h")?.route.agent)).toEqual([
      "rest",
      "rest",
      "sales",
    ]);
  });
});

describe("the agent of a host", () => {
  const route = (agent: string, hosts: readonly string[], pathPrefix = ""): ReturnType<typeof anAgentRoute> =>
    anAgentRoute({ agent: parseAgentName(agent), hosts, pathPrefix });
  const index = createRouteIndex(
    aRoutingTable({
      agents: [
        route("exact", ["support.Example", "[::1]"]),
        route("exact-deep", ["support.example"], "/deep"),
        route("wild", ["*.example"]),
        route("wild-deep", ["*.deep.example"]),
        route("only-path", [], "/deep"),
      ],
    }),
  );

  test.each([
    ["support.example", "/", "exact"],
    ["SUPPORT.example:8080", "/x", "exact"],
    ["support.example.", "/x", "exact"],
    ["support.example", "/deep/x", "exact-deep"],
    ["[::1]:4700", "/", "exact"],
    ["other.example", "/deep", "wild"],
    ["a.b.example", "/", "wild"],
    ["a.deep.example", "/", "wild-deep"],
    ["deep.example", "/", "wild"],
    ["example", "/", undefined],
    ["example", "/deep", "only-path"],
    ["", "/deep", "only-path"],
    ["", "/", undefined],
    ["evil.example.attacker", "/", undefined],
    [`${"a.".repeat(50_000)}example`, "/deep", "only-path"],
    ["*.example", "/", "wild"],
  ])("%s with %s belongs to %s", (host, path, agent) => {
    expect(index.find(path, host)?.route.agent).toBe(agent);
  });
});
