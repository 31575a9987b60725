import type { JsonValue } from "../release/canonical-json.ts";
import { checkAvro } from "./avro-compatibility.ts";
import type { Compatibility } from "./findings.ts";
import { checkJsonSchema } from "./json-schema-compatibility.ts";
import { checkProtobuf } from "./proto-compatibility.ts";
import type { ProtoSchema } from "./proto-schema.ts";

/** The schema of what a release keeps in memory. */
export type MemorySchema =
  | { readonly format: "json-schema"; readonly definition: JsonValue }
  | { readonly format: "avro"; readonly definition: JsonValue }
  | { readonly format: "protobuf"; readonly definition: ProtoSchema };

/**
 * Whether a release with the reader's schema can read every record that one with the writer's schema may have written.
 * Fields that the reader does not know are ignored, and fields that it misses take their default. What cannot be told
 * counts as a problem. A schema that is none of its format is a problem too, never an exception.
 */
export function checkCompatibility(reader: MemorySchema, writer: MemorySchema): Compatibility {
  if (reader.format === "json-schema" && writer.format === "json-schema") {
    return checkJsonSchema(reader.definition, writer.definition);
  }
  if (reader.format === "avro" && writer.format === "avro") return checkAvro(reader.definition, writer.definition);
  if (reader.format === "protobuf" && writer.format === "protobuf") {
    return checkProtobuf(reader.definition, writer.definition);
  }
  const message = `the reader expects ${reader.format}, the writer writes ${writer.format}`;
  return { kind: "incompatible", problems: [{ path: "$", message }], notes: [] };
}
