import { findSecrets, looksSecret, type JsonValue } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { checkJson, isJsonObject, type JsonObject } from "./json-object.ts";
import { mapSubschemas } from "./schema-keywords.ts";
import type { ImportedTools, ToolDraft } from "./tool-draft.ts";

const MOST_DESCRIPTION_CHARACTERS = 10_000;
const SCHEMA_LIMITS = { depth: 100, nodes: 20_000 };
/** Keywords that only explain: without one of them a schema allows exactly the same. */
const EXPLAINING = new Set(["default", "examples", "example", "title", "description", "$comment"]);

/**
 * The tools as a release accepts them. What only explains is shortened or left out, with a note; anything else that a
 * release refuses throws `CliError` `input_invalid` with its place.
 */
export function repairTools({ tools, notes }: ImportedTools): ImportedTools {
  const more: string[] = [];
  const repaired = tools.map((tool) => repairTool(tool, (note) => more.push(`${tool.origin}: ${note}`)));
  return { tools: repaired, notes: [...notes, ...more] };
}

type Note = (note: string) => void;

function repairTool(tool: ToolDraft, note: Note): ToolDraft {
  const { parameters, result } = tool;
  return {
    ...tool,
    description: repairDescription(tool, note),
    parameters: repairSchema(parameters, `the parameters of ${tool.origin}`, note),
    result: result === null ? null : repairSchema(result, `the result of ${tool.origin}`, note),
  };
}

function repairDescription({ description, name }: ToolDraft, note: Note): string {
  const text = description.toWellFormed().trim();
  if (looksSecret(text)) {
    note("its description holds the shape of a key or token and was replaced");
    return `Calls ${name}.`;
  }
  if (text.length <= MOST_DESCRIPTION_CHARACTERS) return text;
  note(`its description of ${text.length} characters was cut to ${MOST_DESCRIPTION_CHARACTERS}`);
  return `${text.slice(0, MOST_DESCRIPTION_CHARACTERS - 1).toWellFormed()}…`;
}

function repairSchema(schema: JsonObject, what: string, note: Note): JsonObject {
  checkJson(schema, what, SCHEMA_LIMITS);
  if (findSecrets(schema).length === 0) return schema;
  const repaired = withoutSecrets(schema, note);
  const secrets = findSecrets(repaired);
  if (secrets.length === 0 && isJsonObject(repaired)) return repaired;
  throw new CliError({
    code: "input_invalid",
    message: `found what looks like a secret in ${what}, expected none: a release is kept and copied`,
    hint: "correct it at its source, or leave the tool out with --tools-filter",
    problems: secrets.map(({ path, message }) => ({ message: `${message} (at ${path.join(".").slice(0, 200)})` })),
  });
}

function withoutSecrets(schema: JsonValue, note: Note): JsonValue {
  if (!isJsonObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([keyword, value]) => {
    if (!EXPLAINING.has(keyword) || findSecrets({ [keyword]: value }).length === 0) return true;
    note(`a "${keyword}" in its schema looks like a secret and was left out`);
    return false;
  });
  return mapSubschemas(Object.fromEntries(kept), (below) => withoutSecrets(below, note));
}
