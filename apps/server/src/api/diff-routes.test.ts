import { createMemoryLedger, createMemoryRegistry } from "@perch/adapters/in-memory";
import { createReleaseContentSource, packDirectory, storeRelease } from "@perch/adapters/release-artifact";
import { problemSchema, releaseChangeSchema, releaseDiffSchema } from "@perch/api";
import {
  diffReleases,
  parseAgentName,
  parsePointerName,
  ReleaseError,
  type AgentEvent,
  type Digest,
  type ReleaseRegistry,
} from "@perch/domain";
import { aBuiltRelease, aReleaseContent, type JsonDocument, type ReleaseDraft } from "@perch/testkit";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBook } from "../controller/book.ts";
import { createApp } from "./app.ts";
import { createDiffRoutes } from "./diff-routes.ts";

let scratch = "";
let orchestration = new Uint8Array();
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-diff-"));
  await writeFile(join(scratch, "main.mjs"), "");
  orchestration = Uint8Array.from((await packDirectory(scratch)).bytes);
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

async function aWorld() {
  const registry = createMemoryRegistry();
  const digests: Digest[] = [];
  for (const [version, prompt] of [
    ["1.0.0", "Help.\n"],
    ["1.1.0", "Help them.\n"],
  ] as const) {
    const release = aBuiltRelease({ version, prompt, orchestration });
    await storeRelease(registry, release);
    digests.push(release.digest);
  }
  const stable = { type: "pointerMoved", at: 1, from: null, to: digests[0] ?? null, actor: "ann", reason: "" } as const;
  const get = await requestsTo(registry, [{ ...stable, pointer: parsePointerName("stable") }]);
  return { registry, digests, get };
}

async function requestsTo(registry: ReleaseRegistry, moves: readonly AgentEvent[] = []) {
  const book = await openBook({ ledger: createMemoryLedger(), epoch: () => 0, onRecorded: () => {} });
  for (const move of moves) await book.recordAgent(parseAgentName("support"), () => move);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const app = createApp({
    log,
    views: { overview: () => Promise.reject(new Error("not asked")) },
    feed: { followOverview: () => () => {} },
    routes: [createDiffRoutes({ contents: createReleaseContentSource(registry), book })],
  });
  return async (path: string) => {
    const answer = await app.request(path);
    const body: unknown = await answer.json();
    return { status: answer.status, body };
  };
}

test("two versions of an agent are compared, in the shape that the API promises and no more", async () => {
  const { get, digests } = await aWorld();
  const { status, body } = await get("/v1/agents/support/diff?from=1.0.0&to=1.1.0");
  expect(status).toBe(200);
  const diff = releaseDiffSchema.parse(body);
  expect(diff).toEqual(body);
  expect(diff.to).toEqual({ agent: "support", version: "1.1.0", digest: digests[1] });
  expect(diff.summary).toBe(
    '1 of 6 components changed; what matters most: prompt "system" changed: 1 line added, 1 removed',
  );
  expect(diff.components[0]?.changes[0]).toMatchObject({
    kind: "textChanged",
    text: { hunks: [{ lines: ["-Help.", "+Help them."] }] },
  });
});

test("releases are also named by their digests", async () => {
  const { get, digests } = await aWorld();
  const { body } = await get(`/v1/agents/support/diff?from=${digests[1]}&to=${digests[0]}`);
  expect(releaseDiffSchema.parse(body).direction).toBe("older");
});

test("releases are also named by the pointers that stand at them", async () => {
  const { get, digests } = await aWorld();
  const { body } = await get("/v1/agents/support/diff?from=stable&to=1.1.0");
  expect(releaseDiffSchema.parse(body).from.digest).toBe(digests[0]);
});

test("every kind of change has the shape that the API promises", () => {
  const object = (properties: JsonDocument): JsonDocument => ({ type: "object", properties });
  const memory = (definition: JsonDocument, store: string): JsonDocument => ({
    schema: { format: "json-schema", definition },
    store: { driver: store },
  });
  const long = "A text of some length, so that its new name is found.\n";
  const before = {
    model: { name: "a" },
    prompts: [
      ["a", "system", long],
      ["b", "system", "x"],
      ["gone", "task", "y"],
    ],
    tools: { t: { effect: "read", result: object({ a: {} }), lifecycle: { cancel: "https://a.example" } }, o: {} },
    memory: memory(object({ a: { type: "string" } }), "sqlite"),
    files: { old: "1", f: "1\n" },
    policy: { escalationTools: [], successTools: [], guardrails: [{ name: "g" }] },
  } as const satisfies ReleaseDraft;
  const after = {
    ...before,
    model: { name: "b" },
    prompts: [
      ["b", "task", "z"],
      ["c", "system", long],
      ["new", "task", "w"],
    ],
    tools: {
      o: { lifecycle: {} },
      t: {
        effect: "write",
        description: "Other.",
        parameters: object({ b: {} }),
        result: object({}),
        auth: { ref: "env:A" },
      },
    },
    memory: memory(object({ a: { type: "integer" } }), "redis"),
    files: { new: "1", f: "2\n", more: "3", most: "4" },
    policy: { escalationTools: ["t"], successTools: [] },
    image: "app@sha256:1",
  } as const satisfies ReleaseDraft;
  const limits = { text: { lines: 400, lineLength: 2000 }, files: 3 };
  const compatible = { ...before, memory: memory(object({ a: { type: "string" }, b: {} }), "sqlite") };
  const diffs = [after, compatible].map((other) =>
    diffReleases(aReleaseContent(before), aReleaseContent(other), limits),
  );
  for (const diff of diffs) expect(releaseDiffSchema.parse(diff)).toEqual(diff);
  const changes = diffs.flatMap(({ components }) => components.flatMap((component) => component.changes));
  const found = new Set(changes.map(({ kind }) => kind));
  const promised = releaseChangeSchema.options.map(({ shape }) => shape.kind.value);
  expect(promised.filter((kind) => !found.has(kind))).toEqual([]);
});

describe("refused:", () => {
  test.each([
    ["/v1/agents/support/diff?from=1.0.0", 400, "query_malformed"],
    ["/v1/agents/support/diff?from=&to=1.0.0", 400, "query_malformed"],
    ["/v1/agents/support/diff?from=1.0.0&to=latest", 404, "unknown_pointer"],
    ["/v1/agents/support/diff?from=1.0.0&to=1.1", 400, "reference_malformed"],
    ["/v1/agents/support/diff?from=1.0.0&to=9.9.9", 404, "release_unknown"],
    ["/v1/agents/sales/diff?from=1.0.0&to=1.1.0", 404, "release_unknown"],
    ["/v1/agents/Not%20a%20name/diff?from=1.0.0&to=1.1.0", 400, "id_malformed"],
  ])("%s", async (...[path, status, code]) => {
    const { get } = await aWorld();
    const answer = await get(path);
    expect([answer.status, problemSchema.parse(answer.body).error.code]).toEqual([status, code]);
  });

  test("a release with altered bytes", async () => {
    const { registry } = await aWorld();
    const altered: ReleaseRegistry = {
      ...registry,
      repository: (agent) => ({
        ...registry.repository(agent),
        readBlob: async () => {
          throw new ReleaseError({ code: "digest_mismatch", message: "altered", hint: "copy it again" });
        },
      }),
    };
    const answer = await (await requestsTo(altered))("/v1/agents/support/diff?from=1.0.0&to=1.1.0");
    expect(problemSchema.parse(answer.body).error.code).toBe("digest_mismatch");
  });
});
