import { isJsonObject, type JsonObject, type JsonValue } from "./canonical-json.ts";
import { checkAvroSchema } from "./check-avro.ts";
import { checkJsonSchema } from "./check-json-schema.ts";
import { checkExample, checkMessages } from "./check-messages.ts";
import type { FileReference, FileRole } from "./file-references.ts";
import { readOpenApiOperation } from "./openapi-operation.ts";
import { isSecretAllowed, type SecretAllowance } from "./secret-allowance.ts";
import { findSecretsInText } from "./secrets-in-text.ts";
import { findSecrets } from "./secrets.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { readStrictJson } from "./strict-json.ts";
import type { PlacedProblem } from "./text-place.ts";

/** What is wrong with a file that `agent.yaml` names, each problem with its place in that file. */
export function checkSpecFile(
  reference: FileReference,
  bytes: Uint8Array,
  allowances: readonly SecretAllowance[],
): readonly SpecProblem[] {
  // Its text is scanned with the rest of the orchestration directory.
  if (reference.role === "translator") return [];
  const text = decodeText(bytes);
  const { file, path } = reference;
  if (text === null) {
    return [{ path, message: `found bytes in ${JSON.stringify(file)} that are not UTF-8, expected text` }];
  }
  const isAllowed = (line: number): boolean => isSecretAllowed(allowances, { file, line });
  return check(reference, text, isAllowed).map(({ message, line, column }) => ({
    path,
    message,
    at: { file, line, column },
  }));
}

/** Null for bytes that are not UTF-8. A byte order mark stays part of the text. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The JSON of a file that was checked before. */
export function readCheckedJson(bytes: Uint8Array): JsonValue {
  const json = readStrictJson(decodeText(bytes) ?? "");
  return json.kind === "read" ? json.value : null;
}

type IsAllowed = (line: number) => boolean;

function check({ role, file }: FileReference, text: string, isAllowed: IsAllowed): readonly PlacedProblem[] {
  switch (role) {
    case "prompt":
    case "translator":
      return secretsIn(text, isAllowed);
    case "few-shot":
      return [...secretsIn(text, isAllowed), ...checkFewShot(file, text)];
    case "protobuf":
      return [...secretsIn(text, isAllowed), ...checkProtobuf(text)];
    case "parameters":
    case "result":
    case "openapi":
    case "json-schema":
    case "avro":
      return checkSchemaFile(role, text, isAllowed);
  }
}

function secretsIn(text: string, isAllowed: IsAllowed): readonly PlacedProblem[] {
  return findSecretsInText(text).filter(({ line }) => !isAllowed(line));
}

function checkSchemaFile(role: FileRole, text: string, isAllowed: IsAllowed): readonly PlacedProblem[] {
  const json = readStrictJson(text);
  if (json.kind === "malformed") return json.problems;
  const { value, placeOf } = json;
  if (!isJsonObject(value)) {
    return [{ message: "found no JSON object, expected a schema as a JSON object", ...placeOf([]) }];
  }
  const secrets = findSecrets(value).filter(({ path }) => !isAllowed(placeOf(path).line));
  return [...secrets, ...checkSchema(role, value)].map(({ path, message }) => ({ message, ...placeOf(path) }));
}

/** What is wrong with a schema of this role, by paths into it. */
export function checkSchema(role: FileRole, schema: JsonObject): readonly SpecProblem[] {
  if (role === "avro") return checkAvroSchema(schema);
  if (role === "openapi") {
    const operation = readOpenApiOperation(schema);
    return operation.kind === "invalid" ? operation.problems : [];
  }
  const problems = checkJsonSchema(schema);
  return role === "parameters" && problems.length === 0 ? checkTakesObject(schema) : problems;
}

// Every model calls a tool with named arguments.
function checkTakesObject(schema: JsonObject): readonly SpecProblem[] {
  const { type } = schema;
  if (type === undefined || type === "object" || (Array.isArray(type) && type.includes("object"))) return [];
  return [
    { path: ["type"], message: "found parameters that are no object, expected the type object: arguments have names" },
  ];
}

function checkFewShot(file: string, text: string): readonly PlacedProblem[] {
  if (/\.json$/i.test(file)) return checkExamples(text, checkMessages);
  if (!/\.jsonl$/i.test(file)) return [];
  return text.split("\n").flatMap((line, index) => {
    const problems = line.trim() === "" ? [] : checkExamples(line.replace(/\r$/, ""), checkExample);
    return problems.map((problem) => ({ ...problem, line: index + 1 }));
  });
}

function checkExamples(
  text: string,
  checkValue: (value: JsonValue) => readonly SpecProblem[],
): readonly PlacedProblem[] {
  const json = readStrictJson(text);
  if (json.kind === "malformed") return json.problems;
  return checkValue(json.value).map(({ path, message }) => ({ message, ...json.placeOf(path) }));
}

function checkProtobuf(text: string): readonly PlacedProblem[] {
  if (/^\s*message\s+[A-Za-z_]\w*\s*\{/m.test(text)) return [];
  return [{ line: 1, column: 1, message: "found no message in the Protobuf schema, expected `message NAME { … }`" }];
}
