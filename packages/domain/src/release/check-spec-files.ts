import { isJsonObject, type JsonValue } from "./canonical-json.ts";
import { fileReferences } from "./file-references.ts";
import { secretAllowances } from "./secret-allowance.ts";
import { checkSchema, checkSpecFile } from "./spec-file.ts";
import type { SpecProblem } from "./spec-problem.ts";

/**
 * What is wrong with the schemas of an `agent.yaml`, those inside it and those in files, and with the prompts that it
 * names. Read leniently: also from one that has problems elsewhere, so that everything is told at once. Files that are
 * missing are passed over.
 */
export function checkSpecFiles(value: unknown, files: ReadonlyMap<string, Uint8Array>): readonly SpecProblem[] {
  const allowances = secretAllowances(value);
  const inFiles = fileReferences(value).flatMap((reference) => {
    const bytes = files.get(reference.file);
    return bytes === undefined ? [] : checkSpecFile(reference, bytes, allowances);
  });
  return [...inlineSchemaProblems(value), ...inFiles];
}

function inlineSchemaProblems(value: unknown): readonly SpecProblem[] {
  const spec = memberOf(value, "spec");
  const tools = memberOf(spec, "tools");
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: unknown, index) =>
    (["parameters", "result", "openapi"] as const).flatMap((role) => {
      const schema = memberOf(tool, role);
      if (!isJsonObject(schema) || Object.hasOwn(schema, "file")) return [];
      const at = ["spec", "tools", index, role];
      return checkSchema(role, schema).map(({ path, message }) => ({ path: [...at, ...path], message }));
    }),
  );
}

function memberOf(value: unknown, name: string): JsonValue | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}
