import { join } from "node:path";
import type { Place } from "@perch/adapters/yaml";
import { ReleaseError, type ReleaseProblem, type SpecProblem } from "@perch/domain";

export type PlaceOf = (path: readonly (string | number)[]) => Place;

/** The problems with the place of each: those of `agent.yaml` in the order of the file, then those of other files. */
export function locateProblems(problems: readonly SpecProblem[], placeOf: PlaceOf): readonly ReleaseProblem[] {
  return problems.map(({ path, message, at }) => ({ message, ...(at ?? placeOf(path)) })).toSorted(compareProblems);
}

export function compareProblems(a: ReleaseProblem, b: ReleaseProblem): number {
  const [file, other] = [a.file ?? "", b.file ?? ""];
  if (file !== other) return file < other ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

export function invalidSpec(directory: string, problems: readonly ReleaseProblem[]): ReleaseError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const isInSpec = problems.every(({ file }) => file === undefined);
  return new ReleaseError({
    code: "spec_invalid",
    message: `found ${count} in ${isInSpec ? join(directory, "agent.yaml") : `agent.yaml and the files of ${directory}`}`,
    hint: "correct the lines above; `perch release schema` prints what agent.yaml may hold",
    problems,
  });
}
