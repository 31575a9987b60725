import { createMemoryLedger } from "@perch/adapters/in-memory";
import { ledgerEntrySchema, pointerViewSchema, problemSchema, type PointerView } from "@perch/api";
import { digestOf, parseAgentName, ReleaseError, type Ledger, type ReleaseSource } from "@perch/domain";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { openBook } from "../controller/book.ts";
import { createAgentRoutes } from "./agent-routes.ts";
import { createPointerRoutes } from "./pointer-routes.ts";
import { answerError } from "./problem.ts";

/** What the registry holds under each version; a test may replace one. */
type Registry = Map<string, string>;

function createReleases(registry: Registry): ReleaseSource {
  return {
    async admit(reference) {
      const found = [...registry].find(([version, content]) =>
        reference.kind === "version" ? reference.version === version : reference.digest === digestOf(content),
      );
      if (found === undefined) throw new ReleaseError({ code: "unsigned", message: "no signature", hint: "sign it" });
      const [version, content] = found;
      const policy = { escalationTools: [], successTools: [] };
      return { agent: parseAgentName("support"), version, digest: digestOf(content), policy, signedBy: ["key"] };
    },
  };
}

async function open(
  ledger: Ledger = createMemoryLedger(),
  registry: Registry = new Map([
    ["1.0.0", "a"],
    ["1.1.0", "b"],
  ]),
) {
  let now = 0;
  const places = new Map([[parseAgentName("shop"), { hosts: [], pathPrefix: "/taken" }]]);
  const book = await openBook({ ledger, epoch: () => 0, onRecorded: () => {} });
  const transactions = { list: async () => null, openFor: () => null };
  const nextOf = () => ({ event: null, waitsFor: [] });
  const pinCounts = { live: () => null, liveForDrain: () => null };
  const views = { places, pinCounts, transactions, nextOf };
  const deps = { book, releases: createReleases(registry), now: () => (now += 1), ledger, ...views };
  const app = new Hono();
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  app.onError((error, context) => answerError(context, error, quiet));
  app.route("/", createAgentRoutes(deps)).route("/", createPointerRoutes(deps));
  return async (method: string, path: string, body?: object) => {
    const request = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await app.request(path, request);
    return { status: answer.status, body: (await answer.json()) as unknown };
  };
}
type Call = Awaited<ReturnType<typeof open>>;

const STABLE = "/v1/agents/support/pointers/stable";

async function put(call: Call, version: string, expected: string | null) {
  return call("PUT", STABLE, { release: `support@${version}`, expected, actor: "ann", reason: "it is good" });
}

async function stable(call: Call): Promise<PointerView> {
  return pointerViewSchema.parse((await call("GET", STABLE)).body);
}

test("a pointer is set, moved, shown and taken away, and every move is an entry of the ledger", async () => {
  const call = await open();
  expect(await call("GET", "/v1/agents/support/pointers")).toEqual({ status: 200, body: [] });
  expect(await put(call, "1.0.0", null)).toMatchObject({ status: 200, body: { pointer: "stable", actor: "ann" } });
  expect((await put(call, "1.1.0", digestOf("a"))).status).toBe(200);
  expect(await stable(call)).toMatchObject({ release: { version: "1.1.0", digest: digestOf("b") } });
  expect((await call("DELETE", STABLE, { expected: digestOf("b") })).status).toBe(200);
  expect(await call("GET", STABLE)).toMatchObject({ status: 404, body: { error: { code: "unknown_pointer" } } });
  const { body } = await call("GET", "/v1/agents/support/ledger");
  const moves = ledgerEntrySchema
    .array()
    .parse(body)
    .filter(({ type }) => type === "pointerMoved");
  expect(moves.map((entry) => entry.body)).toMatchObject([
    { from: null, to: digestOf("a"), actor: "ann", reason: "it is good" },
    { from: digestOf("a"), to: digestOf("b") },
    { from: digestOf("b"), to: null },
  ]);
});

test("of many callers who saw a pointer at the same place exactly one moves it", async () => {
  const call = await open();
  await put(call, "1.0.0", null);
  const answers = await Promise.all(Array.from({ length: 8 }, () => put(call, "1.1.0", digestOf("a"))));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const { body } of answers.filter(({ status }) => status !== 200)) {
    expect(problemSchema.parse(body).error).toMatchObject({
      code: "pointer_moved",
      message: expect.stringContaining(`at ${digestOf("b")}, expected it at ${digestOf("a")}`),
    });
  }
});

test("a pointer never stands at a release that cannot be verified", async () => {
  const call = await open();
  expect(await put(call, "6.6.6", null)).toMatchObject({ status: 422, body: { error: { code: "unsigned" } } });
  expect((await call("GET", STABLE)).status).toBe(404);
});

test("pointers are where they were after a restart", async () => {
  const ledger = createMemoryLedger();
  await put(await open(ledger), "1.0.0", null);
  expect(await stable(await open(ledger))).toMatchObject({ release: { version: "1.0.0" } });
});

test("`current` follows the rollouts and cannot be moved by hand", async () => {
  const call = await open();
  await call("POST", "/v1/deployments", { release: "support@1.0.0", url: "http://127.0.0.1:1" });
  const current = "/v1/agents/support/pointers/current";
  expect(await call("GET", current)).toMatchObject({ body: { release: { version: "1.0.0" }, movedAt: null } });
  const moved = await call("PUT", current, { release: "support@1.1.0", expected: digestOf("a") });
  expect(moved).toMatchObject({ status: 409, body: { error: { code: "not_possible_now" } } });
});

test("a release is deployed by the name of a pointer", async () => {
  const call = await open();
  await put(call, "1.1.0", null);
  const answer = await call("POST", "/v1/deployments", { release: "support:stable", url: "http://127.0.0.1:1" });
  expect(answer).toMatchObject({ status: 201, body: { release: { version: "1.1.0" } } });
});

test("a version that was admitted once is never admitted with another digest", async () => {
  const registry: Registry = new Map([["1.0.0", "a"]]);
  const call = await open(createMemoryLedger(), registry);
  await put(call, "1.0.0", null);
  registry.set("1.0.0", "replaced");
  const answer = await put(call, "1.0.0", digestOf("a"));
  expect(answer).toMatchObject({ status: 409, body: { error: { code: "version_taken" } } });
  expect((await stable(call)).release.digest).toBe(digestOf("a"));
});

test.each([
  ["a release of another agent", { release: "sales@1.0.0", expected: null }, 400],
  ["a release that is no name", { release: "support", expected: null }, 400],
  ["a body without `expected`", { release: "support@1.0.0" }, 400],
  ["an unknown field", { release: "support@1.0.0", expected: null, force: true }, 400],
])("%s is refused", async (_, body, status) => {
  expect((await (await open())("PUT", STABLE, body)).status).toBe(status);
});

test("an agent whose place another one was given is not deployed", async () => {
  const call = await open();
  const answer = await call("POST", "/v1/deployments", { release: "taken@1.0.0", url: "http://127.0.0.1:1" });
  expect(answer).toMatchObject({ status: 409, body: { error: { code: "place_taken" } } });
});
