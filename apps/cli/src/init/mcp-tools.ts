import { isJsonObject, memberOf, textAt, type JsonObject } from "./json-object.ts";
import { isChosen, MOST_TOOLS, tooManyTools, type ImportOptions } from "./import-options.ts";
import type { ImportedTools, ToolDraft } from "./tool-draft.ts";
import type { JsonValue } from "@perch/domain";

/** What a server's `tools/list` answered becomes tools; what is no tool is left out with a note. */
export function toolsFromMcp(list: readonly JsonValue[], options: ImportOptions): ImportedTools {
  const tools: ToolDraft[] = [];
  const notes: string[] = [];
  for (const [index, entry] of list.entries()) {
    const name = textAt(entry, "name");
    if (name === null) notes.push(`tool ${index + 1} of the MCP server has no name and was left out`);
    else if (isChosen(name, options.filter)) tools.push(toDraft(entry, name, options));
    if (tools.length > MOST_TOOLS) throw tooManyTools();
  }
  for (const { origin, name } of tools) {
    if (origin !== originOf(name)) notes.push(`${origin} is called ${name} here`);
  }
  return { tools, notes };
}

function toDraft(entry: JsonValue, ownName: string, { giveName, authRef }: ImportOptions): ToolDraft {
  const name = giveName(ownName);
  const output = memberOf(entry, "outputSchema");
  return {
    name,
    description: descriptionOf(entry, ownName, name),
    effect: effectOf(entry),
    parameters: objectSchema(memberOf(entry, "inputSchema")),
    result: isJsonObject(output) ? output : null,
    authRef,
    origin: originOf(ownName),
  };
}

function originOf(ownName: string): string {
  return `the MCP tool ${JSON.stringify(ownName.slice(0, 200))}`;
}

/** A name that had to change is kept here, since a call has to be made under it. */
function descriptionOf(entry: JsonValue, ownName: string, name: string): string {
  const title = textAt(entry, "title") ?? textAt(memberOf(entry, "annotations"), "title");
  const described = textAt(entry, "description") ?? title ?? `Calls ${name}.`;
  return name === ownName
    ? described
    : `${described.trim()}\n\nIts MCP server calls it ${JSON.stringify(ownName.slice(0, 200))}.`;
}

/** A server that says nothing may do anything: the safe side is to expect a write. */
function effectOf(entry: JsonValue): ToolDraft["effect"] {
  const annotations = memberOf(entry, "annotations");
  if (memberOf(annotations, "readOnlyHint") === true) return "read";
  return memberOf(annotations, "idempotentHint") === true ? "idempotent" : "write";
}

function objectSchema(schema: JsonValue | undefined): JsonObject {
  return isJsonObject(schema) ? schema : { type: "object" };
}
