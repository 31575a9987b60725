import { compareVersions } from "../release/version-precedence.ts";
import type { ComponentDiff, ReleaseDiff, ComparedRelease } from "./change.ts";

type Step = ReleaseDiff["step"];

/** Which part of a semantic version changed. */
export function versionStep(from: string, to: string): Step {
  if (from === to) return "none";
  const [before, after] = [coreOf(from), coreOf(to)];
  const part = (["major", "minor", "patch"] as const).find((_, index) => before[index] !== after[index]);
  return part ?? (withoutBuild(from) === withoutBuild(to) ? "build" : "prerelease");
}

export function versionDirection(from: string, to: string): ReleaseDiff["direction"] {
  const order = compareVersions(from, to);
  if (order === 0) return "same";
  return order < 0 ? "newer" : "older";
}

/** What a person should know about the names of the two releases before anything else. */
export function versionWarnings(
  from: ComparedRelease,
  to: ComparedRelease,
  components: readonly ComponentDiff[],
): readonly string[] {
  if (from.agent !== to.agent) return [`these are releases of different agents: ${from.agent} and ${to.agent}`];
  if (from.version === to.version) {
    return from.digest === to.digest
      ? []
      : [`both are called ${from.version} and differ: a version is never used for two releases`];
  }
  if (versionDirection(from.version, to.version) === "older") return [];
  return misfit(from.version, to.version, components);
}

/** By semver.org items 6 to 8; up to 1.0.0, item 4, a breaking change takes a minor step. */
function misfit(from: string, to: string, components: readonly ComponentDiff[]): readonly string[] {
  const step = versionStep(from, to);
  if (step === "major" || step === "prerelease") return [];
  const isUnstable = coreOf(to)[0] === "0";
  const breaking = components.find(({ breaks }) => breaks.agents || breaks.callers);
  const needed = breaking === undefined ? "minor" : isUnstable ? "minor" : "major";
  const reason = breaking ?? (isUnstable ? undefined : components.find(addsToContract));
  if (reason === undefined || step === needed) return [];
  const what = breaking === undefined ? "adds to what it offers" : "breaks what it offered";
  return [
    `${from} → ${to} is a ${step} step, and ${reason.label} ${what}: by semantic versioning that takes a ${needed} step`,
  ];
}

function addsToContract({ kind, changes }: ComponentDiff): boolean {
  if (kind !== "tool" && kind !== "memory") return false;
  return changes.some((change) => {
    if (change.kind === "parameterChanged" || change.kind === "resultChanged") return change.how !== "note";
    return change.kind === "added" || change.kind === "memorySchemaChanged";
  });
}

function coreOf(version: string): readonly string[] {
  return (/^[\d.]+/.exec(version)?.[0] ?? "").split(".");
}

function withoutBuild(version: string): string {
  return version.split("+", 1)[0] ?? version;
}
