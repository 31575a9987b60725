import { aReleaseContent, type JsonDocument } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { memoryProblems } from "./memory-goes-along.ts";

function memory(type: string, change: JsonDocument = {}): JsonDocument {
  const definition = { type: "object", properties: { name: { type } }, required: ["name"] };
  return { schema: { format: "json-schema", definition }, store: { driver: "sqlite" }, ...change };
}

const of = (version: string, held: JsonDocument | null) =>
  aReleaseContent({ version, ...(held === null ? {} : { memory: held }) });
const old = of("2.3.0", memory("string"));

test.each<[string, JsonDocument | null]>([
  ["the same", memory("string")],
  ["one that reads it", memory("string", { vectorStore: { driver: "sqlite-vec" } })],
  [
    "one of another schema with a translator for that version",
    memory("number", { translators: [aTranslator("^2.3.0")] }),
  ],
])("memory goes along to %s", (_, after) => {
  expect(memoryProblems(old, of("2.3.1", after))).toEqual([]);
});

test.each<[string, JsonDocument | null, string]>([
  ["one that reads another type", memory("number"), "name"],
  ["one that keeps it elsewhere", memory("string", { store: { driver: "redis" } }), "store"],
  [
    "one that keeps it in another table",
    memory("string", { store: { driver: "sqlite", parameters: { table: "b" } } }),
    "table",
  ],
  ["one without memory", null, "2.3.1 has no memory, 2.3.0 has"],
  ["one with a translator for another version", memory("number", { translators: [aTranslator("^1.0.0")] }), "name"],
])("memory does not go along to %s", (_, after, problem) => {
  expect(memoryProblems(old, of("2.3.1", after))).toEqual([expect.stringContaining(problem)]);
});

test("a release without memory leaves nothing behind", () => {
  expect(memoryProblems(of("2.3.0", null), of("2.3.1", memory("number")))).toEqual([]);
});

function aTranslator(from: string): JsonDocument {
  return { from, module: "translate.mjs", digest: digestOf("translate") };
}
