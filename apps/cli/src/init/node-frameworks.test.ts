import { describe, expect, test } from "vitest";
import { nodeFrameworks } from "./node-frameworks.ts";

const manifest = JSON.stringify({ dependencies: { ai: "^5.0.0" }, devDependencies: { "@openai/agents": "0.3.1" } });
const find = (
  files: Record<string, string>,
  more: { pathInWorkspace?: string; installed?: Record<string, string> } = {},
) =>
  nodeFrameworks({
    files: new Map(Object.entries({ "package.json": manifest, ...files })),
    pathInWorkspace: more.pathInWorkspace ?? "",
    installed: new Map(Object.entries(more.installed ?? {})),
  }).map(({ name, version, from, isExact }) => `${name} ${version} ${from} ${isExact ? "exact" : "range"}`);

test("without a lock file the version is what package.json says", () => {
  expect(find({})).toEqual(["ai ^5.0.0 package.json range", "@openai/agents 0.3.1 package.json exact"]);
});

describe("the exact version comes from", () => {
  test.each([
    [
      "npm's lock file",
      { "package-lock.json": '{"packages":{"node_modules/ai":{"version":"5.0.9"}}}' },
      "package-lock.json",
    ],
    [
      "npm's older lock file",
      { "package-lock.json": '{"dependencies":{"ai":{"version":"5.0.9"}}}' },
      "package-lock.json",
    ],
    [
      "pnpm's lock file",
      {
        "pnpm-lock.yaml":
          "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      ai: { specifier: ^5.0.0, version: 5.0.9(zod@4.0.0) }\n",
      },
      "pnpm-lock.yaml",
    ],
    ["pnpm's older lock file", { "pnpm-lock.yaml": "dependencies:\n  ai: 5.0.9_zod@3.0.0\n" }, "pnpm-lock.yaml"],
    [
      "yarn's lock file",
      { "yarn.lock": 'ai@^4.0.0:\n  version "4.0.0"\n\nai@^5.0.0, ai@^5.0.1:\n  version "5.0.9"\n' },
      "yarn.lock",
    ],
    [
      "yarn's newer lock file",
      { "yarn.lock": '"ai@npm:^5.0.0":\n  version: 5.0.9\n  resolution: "ai@npm:5.0.9"\n' },
      "yarn.lock",
    ],
  ])("%s", (_, files, from) => {
    expect(find(files)[0]).toBe(`ai 5.0.9 ${from} exact`);
  });

  test("what is installed before any lock file", () => {
    const lock = { "package-lock.json": '{"packages":{"node_modules/ai":{"version":"5.0.9"}}}' };
    expect(find(lock, { installed: { ai: '{"version":"5.1.0"}' } })[0]).toBe("ai 5.1.0 node_modules/ai exact");
  });

  test("a workspace's lock file, the project's own copy first", () => {
    const packages = { "apps/x/node_modules/ai": { version: "5.2.0" }, "node_modules/ai": { version: "4.0.0" } };
    const npm = { "package-lock.json": JSON.stringify({ packages }) };
    const pnpm = { "pnpm-lock.yaml": "importers:\n  apps/x:\n    dependencies:\n      ai: { version: 5.3.0 }\n" };
    expect(find(npm, { pathInWorkspace: "apps/x" })[0]).toContain("5.2.0");
    expect(find(pnpm, { pathInWorkspace: "apps/x" })[0]).toContain("5.3.0");
  });
});

test.each([
  ["broken", { "package-lock.json": "{", "pnpm-lock.yaml": "a: [", "yarn.lock": "\u0000" }],
  ["of other shapes", { "package-lock.json": "[]", "pnpm-lock.yaml": "importers: 5", "yarn.lock": "ai@^5.0.0:" }],
  ["of hostile versions", { "package-lock.json": '{"packages":{"node_modules/ai":{"version":"../../x"}}}' }],
])("lock files that are %s say nothing", (_, files) => {
  expect(find(files)[0]).toBe("ai ^5.0.0 package.json range");
});

test.each([
  "",
  "{",
  "[]",
  '{"dependencies":[]}',
  '{"dependencies":{"ai":5}}',
  '{"__proto__":{"dependencies":{"ai":"1.0.0"}}}',
])("a package.json that says %j names no framework", (text) => {
  expect(find({ "package.json": text })).toEqual([]);
});
