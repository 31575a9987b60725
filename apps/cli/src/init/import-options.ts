import { CliError } from "../cli-error.ts";
import { matchesGlob } from "./matches-glob.ts";
import { toolName, type NameGiver } from "./tool-names.ts";

export type ImportOptions = {
  /** Only tools whose name matches this glob; null: all of them. */
  readonly filter: string | null;
  /** Where every tool's secret is found; null: what the source says. */
  readonly authRef: string | null;
  readonly giveName: NameGiver;
};

export const MOST_TOOLS = 1_000;

/** The filter may mean the name at the source or the one that the tool gets. */
export function isChosen(name: string, filter: ImportOptions["filter"]): boolean {
  return filter === null || matchesGlob(filter, name) || matchesGlob(filter, toolName(name));
}

export function tooManyTools(): CliError {
  return new CliError({
    code: "input_invalid",
    message: `found more than ${MOST_TOOLS} tools, expected at most so many for one agent`,
    hint: "choose some with --tools-filter, for example --tools-filter 'orders_*'",
  });
}
