import { ReleaseError, type ProtoSchema } from "@perch/domain";
import protobuf from "protobufjs";
import { toProtoEnum, toProtoMessage } from "./to-proto-schema.ts";

const MOST_CHARACTERS = 1_000_000;
/** The parser's time grows with the square of a message's fields; this many take less than a second. */
const MOST_NUMBERS = 2000;

/**
 * Reads the text of a .proto file into plain data. Only the parser of protobufjs runs: no code is made of the file, and
 * nothing that it imports is read. Throws `ReleaseError` `spec_invalid` with the line where there is one.
 */
export function parseProto(text: string): ProtoSchema {
  if (text.length > MOST_CHARACTERS) throw invalid(`${text.length} characters, more than ${MOST_CHARACTERS},`, null);
  const numbers = text.split("=").length - 1;
  if (numbers > MOST_NUMBERS) throw invalid(`${numbers} fields, values and options, more than ${MOST_NUMBERS},`, null);
  try {
    const root = new protobuf.Root();
    protobuf.parse(text, root, { keepCase: true });
    resolveFeatures(root);
    return collect(root);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The parser ends its messages with the line.
    const line = /\s*\((?:.*, )?line (\d+)\)\s*$/.exec(message);
    const said = message.startsWith("illegal token 'null'") ? "its end too early" : message.slice(0, line?.index);
    throw invalid(said.slice(0, 500), line === null ? null : Number(line[1]), error);
  }
}

// Presence and closed enums depend on syntax or edition, which are worked out before types. That a type of another file
// cannot be found is no problem: it is compared by its name.
function resolveFeatures(root: protobuf.Root): void {
  try {
    root.resolveAll();
  } catch (error) {
    const isMissingType = error instanceof Error && /^(no such|unresolvable)/.test(error.message);
    if (!isMissingType) throw error;
  }
}

function collect(root: protobuf.Root): ProtoSchema {
  const messages: ProtoSchema["messages"][number][] = [];
  const enums: ProtoSchema["enums"][number][] = [];
  const todo: protobuf.ReflectionObject[] = [...root.nestedArray];
  for (let object = todo.pop(); object !== undefined; object = todo.pop()) {
    if (object instanceof protobuf.Enum) enums.push(toProtoEnum(object));
    if (object instanceof protobuf.Type) messages.push(toProtoMessage(object));
    if (object instanceof protobuf.Namespace) for (const inner of object.nestedArray) todo.push(inner);
  }
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  return { messages: messages.sort(byName), enums: enums.sort(byName) };
}

function invalid(found: string, line: number | null, cause?: unknown): ReleaseError {
  const at = line === null ? "" : ` at line ${line}`;
  return new ReleaseError({
    code: "spec_invalid",
    message: `found ${found}${at} in a .proto file, expected a Protocol Buffers schema`,
    hint: "correct the memory schema: protoc or buf say more about it",
    cause,
    problems: line === null ? [] : [{ message: found, line, column: 1 }],
  });
}
