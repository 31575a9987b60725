import { componentLabel } from "../release/release-manifest.ts";
import {
  BREAKS_BOTH,
  BREAKS_NOBODY,
  breaksOf,
  REWRITTEN,
  type Change,
  type ComponentDiff,
  type ComponentKind,
  type DiffLimits,
  type ReleaseDiff,
} from "./change.ts";
import { diffListed, type ListedDiff } from "./diff-listed.ts";
import { diffMemories } from "./memory.ts";
import { diffPrograms, type Program } from "./orchestration.ts";
import {
  parseMemory,
  parsePolicy,
  parseSettings,
  type ComponentContent,
  type ReleaseContent,
} from "./release-content.ts";
import { diffModels, diffPolicies } from "./settings.ts";
import { summarize } from "./summarize.ts";
import { versionDirection, versionStep, versionWarnings } from "./version-step.ts";

export const DEFAULT_LIMITS: DiffLimits = { text: { lines: 400, lineLength: 2000 }, files: 500 };
export const NO_LIMITS: DiffLimits = { text: { lines: Infinity, lineLength: Infinity }, files: Infinity };

type Releases = { readonly before: ReleaseContent; readonly after: ReleaseContent };

/**
 * What changed from release A to release B, component by component, and whom it breaks: see `Breaks`. A release and
 * itself have no differences. Throws `ReleaseError` `layout_invalid` for a component that cannot be read.
 */
export function diffReleases(a: ReleaseContent, b: ReleaseContent, limits: DiffLimits = DEFAULT_LIMITS): ReleaseDiff {
  const releases = { before: a, after: b };
  const prompts = diffListed("prompt", releases, limits);
  const tools = diffListed("tool", releases, limits);
  const single = (["memory", "orchestration", "policy"] as const).map((kind) => diffSingle(kind, releases, limits));
  const parts: readonly ListedDiff[] = [diffSingle("model", releases, limits), prompts, tools, ...single];
  const components = parts.flatMap((part) => part.components);
  const orders = parts.flatMap((part) => part.orders);
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  const [from, to] = [nameOf(a), nameOf(b)];
  return {
    from,
    to,
    direction: versionDirection(from.version, to.version),
    step: versionStep(from.version, to.version),
    total,
    breaks: breaksOf(components),
    summary: summarize({ total, components, orders, isSame: from.digest === to.digest }),
    warnings: versionWarnings(from, to, components),
    components,
    orders,
  };
}

function nameOf({ manifest, digest }: ReleaseContent): ReleaseDiff["from"] {
  return { agent: manifest.agent, version: manifest.version, digest };
}

type SingleKind = Exclude<ComponentKind, "prompt" | "tool">;

function diffSingle(kind: SingleKind, { before, after }: Releases, limits: DiffLimits): ListedDiff {
  const [was, is] = [contentOf(before, kind), contentOf(after, kind)];
  const present = is ?? was;
  if (present === null) return { components: [], orders: [], total: 0 };
  const changes = changesOf({ kind, was, is }, { before, after }, limits);
  const label = componentLabel(present.component);
  const diff: ComponentDiff = { kind, name: present.component.name, label, breaks: breaksOf(changes), changes };
  return { components: changes.length === 0 ? [] : [diff], orders: [], total: 1 };
}

function contentOf({ components }: ReleaseContent, kind: ComponentKind): ComponentContent | null {
  return components.find(({ component }) => component.kind === kind) ?? null;
}

type Sides = { readonly kind: SingleKind; readonly was: ComponentContent | null; readonly is: ComponentContent | null };

function changesOf({ kind, was, is }: Sides, releases: Releases, limits: DiffLimits): readonly Change[] {
  if (was === null || is === null) {
    // Without memory nothing that was written is found again; that there is one now takes nothing away.
    if (was === null) return [{ kind: "added", breaks: BREAKS_NOBODY, words: "added" }];
    return [{ kind: "removed", breaks: kind === "memory" ? BREAKS_BOTH : BREAKS_NOBODY, words: "removed" }];
  }
  const changes = compare({ kind, was, is }, releases, limits);
  if (changes.length > 0 || was.component.digest === is.component.digest) return changes;
  return [REWRITTEN];
}

function compare(
  { kind, was, is }: { readonly kind: SingleKind; readonly was: ComponentContent; readonly is: ComponentContent },
  { before, after }: Releases,
  limits: DiffLimits,
): readonly Change[] {
  switch (kind) {
    case "model":
      return diffModels(parseSettings(was), parseSettings(is));
    case "policy":
      return diffPolicies(parsePolicy(was), parsePolicy(is));
    case "memory":
      return diffMemories(
        { memory: parseMemory(was), proto: before.proto },
        { memory: parseMemory(is), proto: after.proto },
      );
    case "orchestration": {
      const [program, other] = [programOf(was, before), programOf(is, after)];
      return program === null || other === null ? [] : diffPrograms(program, other, limits);
    }
  }
}

function programOf({ component }: ComponentContent, { files }: ReleaseContent): Program | null {
  return component.kind === "orchestration" ? { component, files } : null;
}
