import { aReleaseContent, type JsonDocument, type ReleaseDraft } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "../release/canonical-json.ts";
import { digestOf } from "../release/digest.ts";
import { COMPONENT_TYPE } from "../release/media-types.ts";
import type { Change, ReleaseDiff } from "./change.ts";
import { diffReleases } from "./diff-releases.ts";
import type { ReleaseContent } from "./release-content.ts";

const STORE = { driver: "sqlite" };

/** `tool "refund" [agents] now writes (read → write)` */
function linesOf(diff: ReleaseDiff): readonly string[] {
  const line = (label: string, { breaks, words }: Change): string => {
    const whom = [...(breaks.agents ? ["agents"] : []), ...(breaks.callers ? ["callers"] : [])].join("+");
    return `${label} [${whom}] ${words}`;
  };
  return [
    ...diff.components.flatMap(({ label, changes }) => changes.map((change) => line(label, change))),
    ...diff.orders.map(({ words }) => words),
  ];
}

const lines = (before: ReleaseDraft, after: ReleaseDraft): readonly string[] =>
  linesOf(diffReleases(aReleaseContent(before), aReleaseContent(after)));

type Row = readonly [before: ReleaseDraft, after: ReleaseDraft, lines: readonly string[]];
function check(rows: Readonly<Record<string, Row>>): void {
  test.each(Object.entries(rows))("%s", (_, [before, after, expected]) => {
    expect(lines(before, after)).toEqual(expected);
  });
}

const LONG = "Answer the customer in full sentences and never promise what the shop cannot keep.\n";

describe("prompts:", () => {
  check({
    "another text": [
      { prompts: [["system", "system", "a\nb\n"]] },
      { prompts: [["system", "system", "a\nc\nd\n"]] },
      ['prompt "system" [] changed: 2 lines added, 1 removed'],
    ],
    "another role": [
      { prompts: [["x", "system", "a"]] },
      { prompts: [["x", "task", "a"]] },
      ['prompt "x" [] changed its role from system to task'],
    ],
    "another name for the same text": [
      { prompts: [["old", "system", LONG]] },
      { prompts: [["new", "system", LONG]] },
      ['prompt "new" [] was called "old"'],
    ],
    "another name for a similar text": [
      { prompts: [["old", "system", LONG]] },
      { prompts: [["new", "system", `${LONG}Be brief.\n`]] },
      ['prompt "new" [] was called "old"', 'prompt "new" [] changed: 1 line added'],
    ],
    "another name for another text": [
      { prompts: [["old", "system", LONG]] },
      { prompts: [["new", "system", "Rhyme."]] },
      ['prompt "new" [] added', 'prompt "old" [] removed'],
    ],
    "another order": [
      {
        prompts: [
          ["a", "system", "1"],
          ["b", "task", "2"],
        ],
      },
      {
        prompts: [
          ["b", "task", "2"],
          ["a", "system", "1"],
        ],
      },
      ["the order of prompts changed from a, b to b, a"],
    ],
    "one in front of the others is no other order": [
      {
        prompts: [
          ["a", "system", "1"],
          ["b", "task", "2"],
        ],
      },
      {
        prompts: [
          ["c", "task", "3"],
          ["a", "system", "1"],
          ["b", "task", "2"],
        ],
      },
      ['prompt "c" [] added'],
    ],
  });
});

const parameters = (properties: JsonDocument, more: JsonDocument = {}): JsonDocument => ({
  parameters: { type: "object", properties, ...more },
});
const result = (properties: JsonDocument, more: JsonDocument = {}): JsonDocument => ({
  result: { type: "object", properties, ...more },
});
const tool = (one: JsonDocument): ReleaseDraft => ({ tools: { refund: one } });

describe("tools:", () => {
  check({
    added: [{ tools: {} }, tool({}), ['tool "refund" [] added']],
    removed: [tool({}), { tools: {} }, ['tool "refund" [agents+callers] removed']],
    "renamed, found by what it takes and says": [
      { tools: { pay_back: parameters({ order: {}, amount: {} }) } },
      { tools: { refund: parameters({ order: {}, amount: {} }) } },
      ['tool "refund" [agents+callers] was called "pay_back"'],
    ],
    "renamed and changed": [
      {
        tools: { find_order: { ...parameters({ order: {}, mail: {} }), description: "Finds an order by its number." } },
      },
      {
        tools: {
          findOrders: {
            ...parameters({ order: {}, mail: {} }, { required: ["order"] }),
            description: "Finds orders by their number.",
          },
        },
      },
      [
        'tool "findOrders" [agents+callers] was called "find_order"',
        'tool "findOrders" [agents] parameter "order" became required',
        'tool "findOrders" [] changed its description: 1 line added, 1 removed',
      ],
    ],
    "one gone and another new": [
      { tools: { refund: parameters({ order: {}, amount: {} }) } },
      { tools: { weather: { ...parameters({ city: {} }), description: "Tells the weather of a place." } } },
      ['tool "weather" [] added', 'tool "refund" [agents+callers] removed'],
    ],
    "two renamed, each once": [
      { tools: { a_card: parameters({ card: {}, pin: {} }), a_cash: parameters({ coins: {}, notes: {} }) } },
      { tools: { b_cash: parameters({ coins: {}, notes: {} }), b_card: parameters({ card: {}, pin: {} }) } },
      [
        'tool "b_cash" [agents+callers] was called "a_cash"',
        'tool "b_card" [agents+callers] was called "a_card"',
        "the order of tools changed from a_card, a_cash to b_cash, b_card",
      ],
    ],
    "another order": [
      { tools: { a: {}, b: {} } },
      { tools: { b: {}, a: {} } },
      ["the order of tools changed from a, b to b, a"],
    ],
    "another description": [
      tool({ description: "A\nB" }),
      tool({ description: "A\nC" }),
      ['tool "refund" [] changed its description: 1 line added, 1 removed'],
    ],
    "another auth reference": [
      tool({ auth: { ref: "env:A" } }),
      tool({ auth: { ref: "env:B" } }),
      ['tool "refund" [] auth reference changed from env:A to env:B'],
    ],
    "a new endpoint": [
      tool({}),
      tool({ lifecycle: { cancel: "https://a.example" } }),
      ['tool "refund" [] cancel endpoint https://a.example is new'],
    ],
    "an endpoint that is gone": [
      tool({ lifecycle: { transfer: "https://a.example" } }),
      tool({}),
      ['tool "refund" [callers] transfer endpoint https://a.example is gone'],
    ],
    "other bytes": [tool({ lifecycle: {} }), tool({}), ['tool "refund" [] has other bytes that say the same']],
  });

  test.each([
    ["read", "idempotent", "[agents] now writes, and may be repeated (read → idempotent)"],
    ["read", "write", "[agents] now writes (read → write)"],
    ["idempotent", "write", "[agents] now writes (idempotent → write)"],
    ["write", "idempotent", "[] may be repeated now (write → idempotent)"],
    ["write", "read", "[] only reads now (write → read)"],
    ["idempotent", "read", "[] only reads now (idempotent → read)"],
  ])("effect %s → %s", (...[from, to, words]) => {
    expect(lines(tool({ effect: from }), tool({ effect: to }))).toEqual([`tool "refund" ${words}`]);
  });
});

describe("the same change of a schema, for arguments and for results:", () => {
  const amount = (schema: JsonValue): JsonDocument => ({ amount: schema });
  const rows: readonly (readonly [
    string,
    readonly [JsonDocument, JsonDocument?],
    readonly [JsonDocument, JsonDocument?],
    string,
    string,
  ])[] = [
    ["an optional field added", [{}], [amount({})], "[]", "[]"],
    ["a required field added", [{}], [amount({}), { required: ["amount"] }], "[agents]", "[]"],
    ["a field removed", [amount({})], [{}], "[agents]", "[callers]"],
    ["a field became required", [amount({})], [amount({}), { required: ["amount"] }], "[agents]", "[]"],
    ["a field became optional", [amount({}), { required: ["amount"] }], [amount({})], "[]", "[callers]"],
    ["a field retyped", [amount({ type: "string" })], [amount({ type: "integer" })], "[agents]", "[callers]"],
    ["a field narrowed", [amount({ type: "number" })], [amount({ type: "number", minimum: 1 })], "[agents]", "[]"],
    ["a field widened", [amount({ type: "integer" })], [amount({ type: "number" })], "[]", "[callers]"],
    ["a value gone", [amount({ enum: ["a", "b"] })], [amount({ enum: ["a"] })], "[agents]", "[]"],
    ["a value new", [amount({ enum: ["a"] })], [amount({ enum: ["a", "b"] })], "[]", "[callers]"],
    ["what cannot be told", [amount({ pattern: "a" })], [amount({ pattern: "b" })], "[agents]", "[callers]"],
    ["a description", [amount({ description: "a" })], [amount({ description: "b" })], "[]", "[]"],
    ["a default", [amount({ default: 1 })], [amount({ default: 2 })], "[]", "[]"],
  ];
  test.each(rows)("%s", (...[, before, after, asArgument, asResult]) => {
    expect(lines(tool(parameters(...before)), tool(parameters(...after)))).toEqual([
      expect.stringContaining(`tool "refund" ${asArgument} parameter "amount"`),
    ]);
    expect(lines(tool(result(...before)), tool(result(...after)))).toEqual([
      expect.stringContaining(`tool "refund" ${asResult} result field "amount"`),
    ]);
  });

  check({
    "a result that was not described": [tool({}), tool(result({})), ['tool "refund" [] result is described now']],
    "a result that is no longer described": [
      tool(result({})),
      tool({}),
      ['tool "refund" [callers] result is no longer described'],
    ],
    "a result is given, an argument taken": [
      tool({ ...parameters({ a: { enum: ["x"] } }), ...result({ a: { enum: ["x"] } }) }),
      tool({ ...parameters({ a: { enum: ["x", "y"] } }), ...result({ a: { enum: ["x", "y"] } }) }),
      ['tool "refund" [] parameter "a" takes "y" too', 'tool "refund" [callers] result field "a" gives "y" too'],
    ],
    "the whole of the arguments": [
      tool(parameters({})),
      tool(parameters({}, { additionalProperties: false })),
      ['tool "refund" [agents] the parameter schema refuses fields that it does not name'],
    ],
  });
});

describe("model, policy and orchestration:", () => {
  check({
    "model parameters by their paths": [
      { model: { provider: "a", name: "x", parameters: { temperature: 0, stop: ["a"] } } },
      { model: { provider: "a", name: "y", version: "2", parameters: { temperature: 1, stop: ["b"] } } },
      [
        'model [] name changed from "x" to "y"',
        'model [] parameters.stop changed from ["a"] to ["b"]',
        "model [] parameters.temperature changed from 0 to 1",
        'model [] version "2" is new',
      ],
    ],
    policy: [
      {
        policy: {
          escalationTools: ["a"],
          successTools: [],
          guardrails: [{ name: "g", parameters: { max: 1 } }, { name: "old" }],
        },
      },
      {
        policy: {
          escalationTools: ["b"],
          successTools: ["c"],
          guardrails: [{ name: "g", parameters: { max: 2 } }, { name: "new" }],
        },
      },
      [
        "policy [] counts sessions that call b as escalated now, and no longer counts sessions that call a as escalated",
        "policy [] counts sessions that call c as successful now",
        'policy [] guardrail "g" changed: parameters.max changed from 1 to 2',
        'policy [] guardrail "old" removed',
        'policy [] guardrail "new" added',
      ],
    ],
    "an image instead of a directory": [
      { files: { "main.mjs": "1" } },
      { image: "app@sha256:1" },
      [
        "orchestration [] form changed from directory to image",
        "orchestration [] image app@sha256:1 is new",
        "orchestration [] entrypoint main.mjs is gone",
        "orchestration [] file main.mjs removed: 1 bytes",
      ],
    ],
    files: [
      {
        files: { a: "1\n2\n", moved: "same bytes", gone: "x", binary: new Uint8Array([0, 1]), same: "s" },
        links: { link: "a" },
      },
      {
        files: { a: "1\n3\n", other: "same bytes", fresh: "", binary: new Uint8Array([0, 1, 2]), same: "s" },
        links: { link: "same" },
      },
      [
        "orchestration [] file a changed: 1 line added, 1 removed",
        "orchestration [] file binary changed: 2 bytes → 3 bytes",
        "orchestration [] file link changed: a link to a → a link to same",
        "orchestration [] file moved moved to other",
        "orchestration [] file fresh added: 0 bytes",
        "orchestration [] file gone removed: 1 bytes",
      ],
    ],
    "a file that is too large to be compared by lines": [
      { files: { a: "x".repeat(300_000) } },
      { files: { a: "y".repeat(300_001) } },
      ["orchestration [] file a changed: 300000 bytes → 300001 bytes"],
    ],
  });

  test("of very many files the first are listed, and the others counted", () => {
    const files = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`f${index}`, `${index}`]));
    const changes = diffReleases(aReleaseContent(), aReleaseContent({ files })).components[0]?.changes ?? [];
    expect(changes).toHaveLength(501);
    expect(changes.at(-1)).toMatchObject({ kind: "filesOmitted", count: 1500 });
  });
});

describe("memory:", () => {
  const schema = (properties: JsonDocument, more: JsonDocument = {}): JsonDocument => ({
    format: "json-schema",
    definition: { type: "object", properties, ...more },
  });
  const translator = (from: string, name: string, content = name): JsonDocument => ({
    from,
    module: `${name}.mjs`,
    size: 1,
    digest: digestOf(content),
  });
  const memory = (one: JsonDocument, more: JsonDocument = {}): ReleaseDraft => ({
    memory: { schema: one, store: STORE, ...more },
  });
  const both = "whether records are still found cannot be told";
  check({
    added: [{}, memory(schema({})), ["memory [] added"]],
    removed: [memory(schema({})), {}, ["memory [agents+callers] removed"]],
    "a field more, optional": [
      memory(schema({ a: {} })),
      memory(schema({ a: {}, b: {} })),
      ["memory [] schema changed: each of the two releases reads what the other writes"],
    ],
    "a field more, required": [
      memory(schema({ a: {} })),
      memory(schema({ a: {}, b: {} }, { required: ["b"] })),
      [
        "memory [agents] written by the old release cannot be read ($.b: the reader requires this field and has no default for it, and the writer does not have it)",
      ],
    ],
    "a required field fewer": [
      memory(schema({ a: {} }, { required: ["a"] })),
      memory(schema({})),
      [
        "memory [callers] cannot be read after a rollback ($.a: the reader requires this field and has no default for it, and the writer does not have it)",
      ],
    ],
    "another format": [
      memory(schema({})),
      memory({ format: "avro", definition: { type: "map", values: "string" } }),
      [
        "memory [callers] cannot be read after a rollback ($: the reader expects json-schema, the writer writes avro)",
        "memory [agents] written by the old release cannot be read ($: the reader expects avro, the writer writes json-schema)",
      ],
    ],
    "another store": [
      memory(schema({})),
      memory(schema({}), { store: { driver: "redis" } }),
      ["memory [agents+callers] store changed from sqlite to redis"],
    ],
    "another parameter of the store": [
      memory(schema({}), { store: { driver: "sqlite", parameters: { path: "a" } } }),
      memory(schema({}), { store: { driver: "sqlite", parameters: { path: "b" } } }),
      [`memory [agents+callers] store parameter path changed from "a" to "b": ${both}`],
    ],
    "a vector store more": [
      memory(schema({})),
      memory(schema({}), { vectorStore: STORE }),
      ["memory [] vector store sqlite is new"],
    ],
    "a vector store fewer": [
      memory(schema({}), { vectorStore: STORE }),
      memory(schema({})),
      ["memory [agents+callers] vector store sqlite is gone"],
    ],
    "other credentials of the store": [
      memory(schema({})),
      memory(schema({}), { store: { ...STORE, auth: { ref: "env:DB" } } }),
      ["memory [] store auth reference env:DB is new"],
    ],
    "translators added, removed, moved and changed": [
      memory(schema({}), {
        translators: [translator("^1.0.0", "a"), translator("^2.0.0", "a"), translator("^3.0.0", "a")],
      }),
      memory(schema({}), {
        translators: [translator("^2.0.0", "b"), translator("^3.0.0", "a", "x"), translator("^4.0.0", "a")],
      }),
      [
        "memory [agents] translator from ^1.0.0 a.mjs is gone",
        "memory [] translator from ^2.0.0 changed from a.mjs to b.mjs",
        "memory [] translator from ^3.0.0 has other contents",
        "memory [] translator from ^4.0.0 a.mjs is new",
      ],
    ],
    "a schema that cannot be read": [
      { ...memory({ format: "protobuf", definition: "a" }), proto: { kind: "unreadable", message: "found x" } },
      {
        ...memory({ format: "protobuf", definition: "b" }),
        proto: { kind: "read", schema: { messages: [], enums: [] } },
      },
      [
        "memory [callers] cannot be read after a rollback ($: cannot be told: found x)",
        "memory [agents] written by the old release cannot be read ($: cannot be told: found x)",
      ],
    ],
  });
});

describe("bad components:", () => {
  test("one that is no document of its kind is refused by name", () => {
    const broken = aReleaseContent({ policy: { escalationTools: "all", successTools: [] } });
    expect(() => diffReleases(aReleaseContent(), broken)).toThrow("found a policy component that cannot be read");
  });

  test("one of any depth is compared", () => {
    const withModel = (inside: string): ReleaseContent => {
      const bytes = new TextEncoder().encode(`${'{"a":'.repeat(100_000)}${inside}${"}".repeat(100_000)}`);
      const model = {
        component: {
          kind: "model",
          name: "model",
          mediaType: COMPONENT_TYPE.model,
          size: bytes.length,
          digest: digestOf(bytes),
        } as const,
        bytes,
      };
      const base = aReleaseContent();
      return { ...base, components: [model, ...base.components.slice(1)] };
    };
    expect(linesOf(diffReleases(withModel("1"), withModel("2")))).toEqual([
      "model [] $ changed from a deeply nested value to another one",
    ]);
  });
});

const draft: fc.Arbitrary<ReleaseDraft> = fc.record({
  prompts: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("a", "b", "c"),
      fc.constantFrom("system" as const, "task" as const),
      fc.constantFrom(LONG, "x\n", ""),
    ),
    { selector: ([name]) => name },
  ),
  tools: fc.dictionary(
    fc.constantFrom("find", "pay", "stop"),
    fc.record({
      effect: fc.constantFrom("read", "idempotent", "write"),
      description: fc.constantFrom("Finds.", "Pays back now.", "Stops all."),
      parameters: fc.constantFrom<JsonValue>(
        { type: "object" },
        { type: "object", properties: { a: {} }, required: ["a"] },
        { type: "object", properties: { a: { type: "string" }, b: {} } },
      ),
    }),
  ),
  files: fc.dictionary(fc.constantFrom("f", "g", "h"), fc.constantFrom("1", "2\n", "")),
  memory: fc.constantFrom<JsonDocument | null>(
    null,
    { schema: { format: "avro", definition: "int" }, store: STORE },
    { schema: { format: "avro", definition: "long" }, store: STORE },
  ),
});

test("a release and itself have no differences", () => {
  fc.assert(
    fc.property(draft, (one) => {
      expect(diffReleases(aReleaseContent(one), aReleaseContent(one))).toMatchObject({
        components: [],
        orders: [],
        warnings: [],
        summary: "no differences",
      });
    }),
  );
});

test("the way back removes what was added, widens what was narrowed, and names the same pairs", () => {
  const mirror: Readonly<Record<string, string>> = { added: "removed", removed: "added" };
  const facts = (diff: ReleaseDiff, isMirrored: boolean): readonly string[] =>
    diff.components.flatMap(({ kind, name, changes }) => {
      const renamed = changes.find((change) => change.kind === "renamed");
      const [from, to] = renamed?.kind === "renamed" ? [renamed.from, renamed.to] : [name, name];
      const place = `${kind} ${isMirrored ? `${to} ${from}` : `${from} ${to}`}`;
      return changes.flatMap((change) => {
        if (change.kind === "parameterChanged") {
          return [
            `${place} ${change.path} ${isMirrored ? `${change.widens} ${change.narrows}` : `${change.narrows} ${change.widens}`}`,
          ];
        }
        return [`${place} ${isMirrored ? (mirror[change.kind] ?? change.kind) : change.kind}`];
      });
    });
  fc.assert(
    fc.property(draft, draft, (a, b) => {
      const [there, back] = [
        diffReleases(aReleaseContent(a), aReleaseContent(b)),
        diffReleases(aReleaseContent(b), aReleaseContent(a)),
      ];
      expect(facts(back, true).toSorted()).toEqual(facts(there, false).toSorted());
      expect(back.total).toBe(there.total);
    }),
    { numRuns: 500 },
  );
}, 20_000);
