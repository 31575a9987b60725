import { describe, expect, test } from "vitest";
import { repairTools } from "./repair-tool.ts";
import type { JsonObject } from "./json-object.ts";
import type { ToolDraft } from "./tool-draft.ts";

const KEY = `sk-${"a1".repeat(12)}`;
const aTool = (more: Partial<ToolDraft>): ToolDraft => ({
  name: "pay",
  description: "Pays.",
  effect: "write",
  parameters: { type: "object" },
  result: null,
  authRef: null,
  origin: "POST /pay",
  ...more,
});
const repair = (more: Partial<ToolDraft>) => repairTools({ tools: [aTool(more)], notes: [] });

test("a tool that a release accepts stays as it is", () => {
  expect(repair({})).toEqual({ tools: [aTool({})], notes: [] });
});

describe("what only explains is repaired, with a note:", () => {
  test("a description that is too long", () => {
    const { tools, notes } = repair({ description: "x".repeat(20_000) });
    expect(tools[0]?.description).toHaveLength(10_000);
    expect(notes).toEqual(["POST /pay: its description of 20000 characters was cut to 10000"]);
  });

  test("a description that holds a key", () => {
    expect(repair({ description: `Use ${KEY}` }).tools[0]?.description).toBe("Calls pay.");
  });

  test("a default, an example and a description in the schema that look like secrets", () => {
    const { tools, notes } = repair({
      parameters: {
        type: "object",
        properties: {
          login: { type: "object", default: { password: "hunter2" }, title: "Login" },
          key: { type: "string", examples: [KEY], description: `such as ${KEY}` },
        },
      },
    });
    expect(tools[0]?.parameters).toEqual({
      type: "object",
      properties: { login: { type: "object", title: "Login" }, key: { type: "string" } },
    });
    expect(notes).toHaveLength(3);
  });
});

test("a property that is named like a keyword is no keyword", () => {
  const parameters = { properties: { default: { type: "object", properties: { password: { type: "string" } } } } };
  expect(repair({ parameters }).tools[0]?.parameters).toEqual(parameters);
});

describe("what means something is refused with its place:", () => {
  test("a key as the only value allowed", () => {
    const parameters = { properties: { key: { const: KEY } } };
    expect(() => repair({ parameters })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining("the parameters of POST /pay"),
        problems: [{ message: expect.stringContaining("(at properties.key.const)") }],
      }),
    );
  });

  test.each([
    ["a schema without end", nested(200), "nested more than 100 levels"],
    ["a schema of many parts", { enum: Array.from({ length: 30_000 }, () => 1) }, "more than 20000 values"],
    ["a number that JSON cannot say", { maximum: Number.POSITIVE_INFINITY }, "the number Infinity"],
    ["half a character", { title: "\ud800" }, "half of a surrogate pair"],
  ])("%s", (_, result, words) => {
    expect(() => repair({ result })).toThrow(`the result of POST /pay`);
    expect(() => repair({ result })).toThrow(words);
  });
});

function nested(levels: number): JsonObject {
  return JSON.parse(`${'{"not":'.repeat(levels)}true${"}".repeat(levels)}`);
}
