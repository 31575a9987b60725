import { componentLabel, type Component } from "../release/release-manifest.ts";
import {
  BREAKS_BOTH,
  BREAKS_NOBODY,
  breaksOf,
  type Change,
  type ComponentDiff,
  type DiffLimits,
  type OrderChange,
} from "./change.ts";
import { changedOrder, matchByName } from "./match-by-name.ts";
import { diffPrompts, promptSimilarity, type Prompt } from "./prompts.ts";
import { parseText, parseTool, type ComponentContent, type ReleaseContent } from "./release-content.ts";
import { diffTools, toolSimilarity, type Tool } from "./tools.ts";
import { listWords } from "./words.ts";

export type ListedDiff = {
  readonly components: readonly ComponentDiff[];
  readonly orders: readonly OrderChange[];
  /** How many components there are, changed or not. */
  readonly total: number;
};

type Releases = { readonly before: ReleaseContent; readonly after: ReleaseContent };
type ListedKind = "prompt" | "tool";
type Rules<T> = {
  readonly kind: ListedKind;
  readonly parse: (content: ComponentContent) => T | null;
  readonly similarity: (before: T, after: T) => number;
  readonly compare: (before: T, after: T) => readonly Change[];
};

/** The prompts or the tools of two releases: matched, compared, and their order. */
export function diffListed(kind: ListedKind, releases: Releases, { text }: DiffLimits): ListedDiff {
  if (kind === "prompt") {
    const compare = (before: Prompt, after: Prompt): readonly Change[] => diffPrompts(before, after, text);
    return diffParts({ kind, parse: toPrompt, similarity: promptSimilarity, compare }, releases);
  }
  const compare = (before: Tool, after: Tool): readonly Change[] => diffTools(before, after, text);
  return diffParts({ kind, parse: toTool, similarity: toolSimilarity, compare }, releases);
}

function toPrompt(content: ComponentContent): Prompt | null {
  const { component } = content;
  return component.kind === "prompt" ? { name: component.name, role: component.role, text: parseText(content) } : null;
}

function toTool(content: ComponentContent): Tool | null {
  const { component } = content;
  return component.kind === "tool"
    ? { name: component.name, digest: component.digest, tool: parseTool(content) }
    : null;
}

function diffParts<T extends { readonly name: string }>(rules: Rules<T>, { before, after }: Releases): ListedDiff {
  const { kind } = rules;
  const [had, has] = [before, after].map(({ components }) =>
    components.flatMap((content) => rules.parse(content) ?? []),
  );
  const lists = { before: had ?? [], after: has ?? [] };
  const { pairs, removed, added } = matchByName(lists, rules.similarity);
  const changed = new Map(pairs.map((pair) => [pair.after.name, rules.compare(pair.before, pair.after)]));
  for (const { name } of added) changed.set(name, [{ kind: "added", breaks: BREAKS_NOBODY, words: "added" }]);
  // A tool that is gone refuses every call, and gives none of its results.
  const breaks = kind === "tool" ? BREAKS_BOTH : BREAKS_NOBODY;
  const gone = removed.map(({ name }) => toDiff({ kind, name }, [{ kind: "removed", breaks, words: "removed" }]));
  const present = lists.after.map(({ name }) => toDiff({ kind, name }, changed.get(name) ?? []));
  return {
    components: [...present.filter(({ changes }) => changes.length > 0), ...gone],
    orders: orderOf(kind, changedOrder(pairs, lists.before)),
    total: lists.after.length + removed.length,
  };
}

function toDiff(
  component: Pick<Component, "name"> & { readonly kind: ListedKind },
  changes: readonly Change[],
): ComponentDiff {
  return { ...component, label: componentLabel(component), breaks: breaksOf(changes), changes };
}

function orderOf(
  kind: ListedKind,
  order: { from: readonly string[]; to: readonly string[] } | null,
): readonly OrderChange[] {
  if (order === null) return [];
  const words = `the order of ${kind}s changed from ${listWords(order.from, ", ")} to ${listWords(order.to, ", ")}`;
  return [{ kind, ...order, words }];
}
