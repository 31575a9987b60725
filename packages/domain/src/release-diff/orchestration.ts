import type { Component } from "../release/release-manifest.ts";
import { BREAKS_NOBODY, type Change, type DiffLimits } from "./change.ts";
import { diffFiles } from "./files.ts";
import type { ArchivedFile } from "./release-content.ts";
import { fromToWords } from "./words.ts";

type Orchestration = Extract<Component, { kind: "orchestration" }>;
export type Program = { readonly component: Orchestration; readonly files: readonly ArchivedFile[] };

/** What changed about the agent's program. Its contracts are the tools' and the memory's, so by itself it breaks none. */
export function diffPrograms(before: Program, after: Program, limits: DiffLimits): readonly Change[] {
  const [was, is] = [before.component, after.component];
  return [
    ...part("form", was.form, is.form),
    ...part("image", imageOf(was), imageOf(is)),
    ...part("framework", frameworkOf(was), frameworkOf(is)),
    ...part("entrypoint", entrypointOf(was), entrypointOf(is)),
    ...(was.digest === is.digest ? [] : diffFiles(before.files, after.files, limits)),
  ];
}

function part(
  part: "form" | "image" | "framework" | "entrypoint",
  from: string | null,
  to: string | null,
): readonly Change[] {
  if (from === to) return [];
  return [{ kind: "programChanged", part, from, to, breaks: BREAKS_NOBODY, words: fromToWords(part, from, to) }];
}

function imageOf(component: Orchestration): string | null {
  return component.form === "image" ? component.image : null;
}

function frameworkOf({ framework }: Orchestration): string | null {
  return framework === undefined ? null : `${framework.name} ${framework.version}`;
}

function entrypointOf(component: Orchestration): string | null {
  return component.form === "directory" ? component.entrypoint : null;
}
