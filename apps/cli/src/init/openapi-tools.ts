import type { JsonValue } from "@perch/domain";
import { memberOf, textAt } from "./json-object.ts";
import { isChosen, MOST_TOOLS, tooManyTools, type ImportOptions } from "./import-options.ts";
import { authRefOf } from "./openapi-auth.ts";
import { dialectOf, operationsOf, type Operation } from "./openapi-operations.ts";
import { requestSchema, responseSchema, type ConversionContext } from "./openapi-messages.ts";
import type { OpenApiSource } from "./openapi-source.ts";
import type { ImportedTools, ToolDraft } from "./tool-draft.ts";

const EFFECTS = {
  get: "read",
  head: "read",
  put: "idempotent",
  delete: "idempotent",
  post: "write",
  patch: "write",
} as const;

/** One tool per operation. Throws `CliError` `input_invalid` for what is no OpenAPI 3.0 or 3.1, or refers to nothing. */
export function toolsFromOpenApi(source: OpenApiSource, options: ImportOptions): ImportedTools {
  const dialect = dialectOf(source);
  const tools: ToolDraft[] = [];
  const notes: string[] = [];
  for (const operation of operationsOf(source)) {
    const origin = `${operation.method.toUpperCase()} ${operation.path}`;
    const note = (text: string): void => void notes.push(`${origin}: ${text}`);
    const tool = isWanted(operation, options, note)
      ? convertOperation({ source, dialect, origin, note, operation }, options)
      : null;
    if (tool !== null) tools.push(tool);
    if (tools.length > MOST_TOOLS) throw tooManyTools();
  }
  return { tools, notes };
}

function isWanted(
  { operation, method, path }: Operation,
  { filter }: ImportOptions,
  note: (text: string) => void,
): boolean {
  if (!isChosen(ownName({ operation, method, path }), filter)) return false;
  if (memberOf(operation, "deprecated") !== true) return true;
  note("deprecated, left out");
  return false;
}

function ownName({ operation, method, path }: Pick<Operation, "operation" | "method" | "path">): string {
  return textAt(operation, "operationId") ?? [method, ...(path.match(/[A-Za-z0-9]+/g) ?? [])].join("_");
}

function convertOperation(context: ConversionContext, { giveName, authRef }: ImportOptions): ToolDraft | null {
  const { operation, source, note, origin } = context;
  const parameters = requestSchema(context);
  if (parameters === null) return null;
  const result = responseSchema(context);
  return {
    name: giveName(ownName(operation)),
    description: descriptionOf(operation.operation) ?? origin,
    effect: EFFECTS[operation.method],
    parameters,
    result,
    authRef: authRef ?? authRefOf(operation.operation, source, note),
    origin,
  };
}

function descriptionOf(operation: JsonValue): string | null {
  const summary = textAt(operation, "summary");
  const description = textAt(operation, "description");
  if (summary === null || description === null || description.includes(summary)) return description ?? summary;
  return `${summary.trim()}\n\n${description.trim()}`;
}
