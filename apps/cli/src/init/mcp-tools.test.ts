import { describe, expect, test } from "vitest";
import { toolsFromMcp } from "./mcp-tools.ts";
import { createNameGiver } from "./tool-names.ts";
import type { ToolDraft } from "./tool-draft.ts";

const importAll = (list: Parameters<typeof toolsFromMcp>[0], filter: string | null = null) =>
  toolsFromMcp(list, { filter, authRef: null, giveName: createNameGiver() });

const refund: ToolDraft = {
  name: "refund",
  description: "Pays back.",
  effect: "write",
  parameters: { type: "object", properties: { order: { type: "string" } } },
  result: { type: "object" },
  authRef: null,
  origin: 'the MCP tool "refund"',
};

test("a tool keeps its name, description and both schemas", () => {
  const { name, description, parameters, result } = refund;
  const { tools, notes } = importAll([{ name, description, inputSchema: parameters, outputSchema: result }]);
  expect(tools).toEqual([refund]);
  expect(notes).toEqual([]);
});

describe("its effect", () => {
  test.each([
    [{ readOnlyHint: true, idempotentHint: true }, "read"],
    [{ readOnlyHint: false, idempotentHint: true }, "idempotent"],
    [{ idempotentHint: false }, "write"],
    [{ readOnlyHint: "yes" }, "write"],
    [null, "write"],
  ])("with the annotations %j is %s", (annotations, effect) => {
    expect(importAll([{ name: "t", annotations }]).tools[0]?.effect).toBe(effect);
  });
});

test("a name that had to change stays in the description, and is said", () => {
  const { tools, notes } = importAll([{ name: "files.read", description: "Reads." }]);
  expect(tools[0]).toMatchObject({
    name: "files_read",
    description: 'Reads.\n\nIts MCP server calls it "files.read".',
  });
  expect(notes).toEqual(['the MCP tool "files.read" is called files_read here']);
});

test("a tool that says nothing about itself is described by its title or its name", () => {
  const { tools } = importAll([{ name: "a", annotations: { title: "Adds" } }, { name: "b" }]);
  expect(tools.map(({ description }) => description)).toEqual(["Adds", "Calls b."]);
});

test("what is no tool is left out with a note, and what a filter does not match without", () => {
  const { tools, notes } = importAll(["x", { name: 5 }, { name: "orders.list" }, { name: "ping" }], "orders_*");
  expect(tools.map(({ name }) => name)).toEqual(["orders_list"]);
  expect(notes.filter((note) => note.includes("no name"))).toHaveLength(2);
});

test("names that differ only in case become names that differ", () => {
  expect(importAll([{ name: "Get" }, { name: "get" }]).tools.map(({ name }) => name)).toEqual(["Get", "get_2"]);
});

test("more tools than one agent can have are refused with what to do", () => {
  const many = Array.from({ length: 1_001 }, (_, index) => ({ name: `t${index}` }));
  expect(() => importAll(many)).toThrow(
    expect.objectContaining({ code: "input_invalid", hint: expect.stringContaining("--tools-filter") }),
  );
});
