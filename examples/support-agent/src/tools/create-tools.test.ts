import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import type { ReleaseParts } from "../release/read-release-parts.ts";
import { createRefundDesk } from "../shop/refunds.ts";
import { createTools, toolInputs } from "./create-tools.ts";

const names = ["lookup_order", "search_kb", "refund", "escalate_to_human"] as const;
const shippedSchema = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../releases/common/tools/${name}.json`, import.meta.url), "utf8"));

const parts: ReleaseParts = {
  systemPrompt: "",
  model: { name: "any", temperature: null, maxOutputTokens: null },
  tools: new Map(names.map((name) => [name, { description: `what ${name} does`, parameters: shippedSchema(name) }])),
  escalationTools: new Set(["escalate_to_human"]),
};

test.each(names)("what the release tells the model about %s is what its code accepts", (name) => {
  const { $schema: _, ...accepted } = z.toJSONSchema(toolInputs[name]);
  expect(withoutDescriptions(shippedSchema(name))).toEqual(accepted);
});

test("the descriptions come from the release", () => {
  const tools = createTools(parts, createRefundDesk());
  expect(Object.keys(tools)).toEqual([...names]);
  expect(tools.refund?.description).toBe("what refund does");
});

test("a release that lacks a tool is refused at start", () => {
  expect(() => createTools({ ...parts, tools: new Map() }, createRefundDesk())).toThrow('no tool "lookup_order"');
});

function withoutDescriptions(schema: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === "description" ? undefined : value)));
}
