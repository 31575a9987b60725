import { parseTool, type ReleaseContent } from "../release-diff/release-content.ts";

/** A tool whose calls change the world, and where a call of it is taken back. */
export type WriteTool = { readonly tool: string; readonly cancel: string | null };

/** The tools that a release declares with `effect: write`, with their `lifecycle.cancel`. */
export function writeToolsOf({ components }: ReleaseContent): readonly WriteTool[] {
  return components.flatMap((content) => {
    const { component } = content;
    if (component.kind !== "tool" || component.effect !== "write") return [];
    return [{ tool: component.name, cancel: parseTool(content).lifecycle?.cancel ?? null }];
  });
}
