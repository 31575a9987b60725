import { CliError } from "../cli-error.ts";
import type { FoundFramework } from "./frameworks.ts";

export type Framework = { readonly name: string; readonly version: string };

/** `NAME@VERSION`; the name may begin with a scope. Throws `CliError` `usage`. */
export function parseFramework(text: string): Framework {
  const at = text.lastIndexOf("@");
  const [name, version] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at > 0 && name !== "" && version !== "" && name.length <= 100 && version.length <= 100) return { name, version };
  throw new CliError({
    code: "usage",
    message: `found --framework ${JSON.stringify(text.slice(0, 200))}, expected NAME@VERSION`,
    hint: "for example --framework ai@7.0.0 or --framework @langchain/langgraph@1.0.0",
  });
}

/** For a choice that nobody is there to make. Throws `CliError` `input_invalid` when there is one to make. */
export function onlyFramework(found: readonly FoundFramework[], project: string): FoundFramework {
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) return first;
  const list = found.map(({ name, version }) => `${name}@${version}`);
  throw new CliError({
    code: "input_invalid",
    message: `found several agent frameworks in ${project}: ${list.join(", ")}; expected one`,
    hint: `say which one runs the agent: --framework ${list[0] ?? "NAME@VERSION"}`,
  });
}
