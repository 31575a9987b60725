import { compareSchemas } from "../json-schema/compare-schemas.ts";
import type { SchemaChange } from "../json-schema/schema-change.ts";
import type { JsonValue } from "../release/canonical-json.ts";
import { createFindings, type Compatibility } from "./findings.ts";

/**
 * By structural rules: whatever the writer's schema lets a record be, the reader's has to accept. A required field that
 * the writer does not have is read as its default; a field that the reader does not name is ignored unless it refuses
 * such fields.
 */
export function checkJsonSchema(reader: JsonValue, writer: JsonValue): Compatibility {
  const findings = createFindings();
  for (const change of compareSchemas(writer, reader)) {
    if (change.narrows && !isFilledIn(change)) findings.problem(change.path, sentence(change));
  }
  return findings.compatibility();
}

function isFilledIn(change: SchemaChange): boolean {
  return (change.kind === "propertyAdded" || change.kind === "becameRequired") && change.hasDefault;
}

function sentence(change: SchemaChange): string {
  switch (change.kind) {
    case "propertyAdded":
      return "the reader requires this field and has no default for it, and the writer does not have it";
    case "becameRequired":
      return "the reader requires this field and has no default for it, and the writer may leave it out";
    case "propertyRemoved":
      return "the reader refuses this field, which the writer has";
    case "retyped":
      return `the reader expects ${change.to}, the writer writes ${change.from}`;
    case "becameOptional":
    case "narrowed":
    case "widened":
    case "undecided":
    case "note":
      return `the reader ${change.words}`;
  }
}
