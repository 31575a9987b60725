import { isInVersionRange, parseVersionRange } from "../release/version-range.ts";
import type { Change } from "./change.ts";
import { diffMemories } from "./memory.ts";
import { parseMemory, type MemoryDocument, type ReleaseContent } from "./release-content.ts";

/**
 * Why a session cannot take its memory along from one release to another; empty when it can. A release without memory leaves
 * nothing behind. What the new release has a translator for is taken to be read.
 */
export function memoryProblems(from: ReleaseContent, to: ReleaseContent): readonly string[] {
  const [before, after] = [memoryOf(from), memoryOf(to)];
  if (before === null) return [];
  if (after === null) return [`${to.manifest.version} has no memory, ${from.manifest.version} has`];
  const isTranslated = (after.memory.translators ?? []).some((one) => reads(one.from, from));
  return diffMemories(before, after)
    .filter((change) => change.breaks.agents && !isAboutTranslators(change))
    .filter((change) => change.kind !== "unreadable" || !isTranslated)
    .map((change) => change.words);
}

/** What it loses are other releases' records. */
function isAboutTranslators(change: Change): boolean {
  return change.kind === "settingChanged" && change.path === "translators";
}

function reads(source: string, { digest, manifest }: ReleaseContent): boolean {
  if (source === digest) return true;
  const range = parseVersionRange(source);
  return range !== null && isInVersionRange(manifest.version, range);
}

function memoryOf({
  components,
  proto,
}: ReleaseContent): { memory: MemoryDocument; proto: ReleaseContent["proto"] } | null {
  const content = components.find(({ component }) => component.kind === "memory");
  return content === undefined ? null : { memory: parseMemory(content), proto };
}
