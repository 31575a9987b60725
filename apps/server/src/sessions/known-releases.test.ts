import { digestOf, parseAgentName, type ReleaseFacts } from "@perch/domain";
import { expect, test } from "vitest";
import { createKnownReleases } from "./known-releases.ts";

const agent = parseAgentName("support");

/** Releases by name; `down` are those that the registry cannot read now. */
function aWorld() {
  const world = { now: 0, deployed: ["a"], down: new Set<string>(), reads: [] as string[], warnings: 0 };
  const known = createKnownReleases({
    facts: {
      async read(reference) {
        const name = world.deployed.find((one) => reference.kind === "digest" && digestOf(one) === reference.digest);
        world.reads.push(name ?? "unknown");
        if (name === undefined || world.down.has(name)) throw new Error("away");
        return factsOf(name);
      },
    },
    schemas: { prepare: (schema) => (schema === "broken" ? null : (value) => value === schema) },
    releases: () => world.deployed.map((name) => ({ kind: "digest", agent, digest: digestOf(name) })),
    tick: () => world.now,
    log: { info: () => {}, warn: () => void (world.warnings += 1), error: () => {} },
  });
  return { world, known };
}

function factsOf(name: string): ReleaseFacts {
  const tool = (toolName: string, parameters: string) => ({
    name: toolName,
    parameters,
    parametersDigest: digestOf(parameters),
    effect: "write" as const,
    lifecycle: { cancel: null, transfer: null },
  });
  const tools = [tool("same", "shared"), tool("own", name), tool("odd", "broken")];
  return { digest: digestOf(name), model: { provider: "openai", model: name }, tools };
}

test("a release that is deployed is read once, and its model and tools are known", async () => {
  const { world, known } = aWorld();
  expect(known.factsOf(digestOf("a"))).toBeNull();
  await Promise.all([known.learn(), known.learn()]);
  await known.learn();
  expect(world.reads).toEqual(["a"]);
  expect(known.factsOf(digestOf("a"))?.model).toEqual({ provider: "openai", model: "a" });
  expect(known.checksOf("own").map(({ accepts }) => [accepts("a"), accepts("b")])).toEqual([[true, false]]);
});

test("a schema that several releases have is asked once, and one that cannot be used never", async () => {
  const { world, known } = aWorld();
  world.deployed = ["a", "b"];
  await known.learn();
  expect(known.checksOf("same")).toHaveLength(1);
  expect(known.checksOf("own").map(({ schema }) => schema)).toEqual([digestOf("a"), digestOf("b")]);
  expect(known.checksOf("odd")).toEqual([]);
  expect(known.checksOf("nobody's")).toEqual([]);
});

test("a registry that is away is asked again, but not all the time, and keeps no other release out", async () => {
  const { world, known } = aWorld();
  world.deployed = ["a", "b"];
  world.down.add("a");
  await known.learn();
  await known.learn();
  expect([world.reads, world.warnings]).toEqual([["a", "b"], 1]);
  expect(known.factsOf(digestOf("b"))).not.toBeNull();
  world.down.clear();
  world.now = 30_000;
  await known.learn();
  expect(known.factsOf(digestOf("a"))).not.toBeNull();
});
