import { CliError } from "../cli-error.ts";
import type { Answers } from "./answers.ts";
import type { ImportOptions } from "./import-options.ts";
import type { InitFlags } from "./init-flags.ts";
import { listMcpTools } from "./list-mcp-tools.ts";
import { toolsFromMcp } from "./mcp-tools.ts";
import { toolsFromOpenApi } from "./openapi-tools.ts";
import { readOpenApi } from "./read-openapi.ts";
import { repairTools } from "./repair-tool.ts";
import type { ImportedTools } from "./tool-draft.ts";
import { createNameGiver } from "./tool-names.ts";

/** What most models take at once. */
const MANY_TOOLS = 128;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*([\x20-\x7e\x80-\xff]+)$/;

/** The tools of every source that was named, fit for a release. Throws `CliError` when a source gives none. */
export async function importTools(answers: Answers, flags: InitFlags): Promise<ImportedTools> {
  const headers = parseHeaders(flags.mcpHeader, answers.toolsFromMcp);
  const options = {
    filter: flags.toolsFilter ?? null,
    authRef: flags.toolAuthRef ?? null,
    giveName: createNameGiver(),
  };
  const imports = [
    await fromOpenApi(answers.toolsFromOpenapi, options),
    await fromMcp(answers.toolsFromMcp, { headers, timeoutMs: flags.mcpTimeout * 1000 }, options),
  ];
  const all = repairTools({
    tools: imports.flatMap(({ tools }) => tools),
    notes: imports.flatMap(({ notes }) => notes),
  });
  if (all.tools.length <= MANY_TOOLS) return all;
  const note = `${all.tools.length} tools are more than most models take at once (${MANY_TOOLS}); --tools-filter chooses some`;
  return { ...all, notes: [...all.notes, note] };
}

const NOTHING: ImportedTools = { tools: [], notes: [] };

async function fromOpenApi(from: string, options: ImportOptions): Promise<ImportedTools> {
  return from === "" ? NOTHING : orRefuse(toolsFromOpenApi(await readOpenApi(from), options), from, options);
}

async function fromMcp(
  target: string,
  how: { readonly headers: Readonly<Record<string, string>>; readonly timeoutMs: number },
  options: ImportOptions,
): Promise<ImportedTools> {
  if (target === "") return NOTHING;
  return orRefuse(toolsFromMcp(await listMcpTools({ target, ...how }), options), "the MCP server", options);
}

function orRefuse(imported: ImportedTools, from: string, { filter }: ImportOptions): ImportedTools {
  if (imported.tools.length > 0) return imported;
  throw new CliError({
    code: "input_invalid",
    message: `found no tools in ${from}${filter === null ? "" : ` that match ${JSON.stringify(filter)}`}, expected some`,
    hint: filter === null ? "leave the import out" : "`*` stands for any characters: --tools-filter '*order*'",
    problems: imported.notes.map((message) => ({ message })),
  });
}

function parseHeaders(given: readonly string[], server: string): Readonly<Record<string, string>> {
  if (given.length > 0 && !/^https?:/i.test(server)) {
    throw usage(
      "--mcp-header without the URL of an MCP server",
      "--tools-from-mcp URL",
      "a command gets its token from the environment",
    );
  }
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = HEADER.exec(text) ?? [];
      if (name !== undefined && value !== undefined) return [name, value] as const;
      // The value stays out of the message: it is a secret as often as not.
      throw usage(
        "an --mcp-header that is none",
        '"Name: value"',
        'for example --mcp-header "Authorization: Bearer …"',
      );
    }),
  );
}

function usage(found: string, expected: string, hint: string): CliError {
  return new CliError({ code: "usage", message: `found ${found}, expected ${expected}`, hint });
}
