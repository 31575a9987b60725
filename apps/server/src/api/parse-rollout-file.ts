import { readYaml } from "@perch/adapters/yaml";
import { parseRolloutSpec, type RolloutPlan, type RolloutSpecProblem } from "@perch/domain";
import { ApiError } from "./api-error.ts";

export type ParsedRolloutFile = {
  readonly plan: RolloutPlan;
  readonly warnings: readonly string[];
  /** What is thrown for problems that only somebody sees who knows more than the file. */
  readonly refusal: (problems: readonly RolloutSpecProblem[]) => ApiError;
};

/** The plan in a rollout file. Throws `ApiError` with every problem and its line. */
export function parseRolloutFile(text: string): ParsedRolloutFile {
  const read = readYaml(text);
  if (read.kind === "malformed") {
    throw new ApiError({
      status: 400,
      code: "yaml_malformed",
      message: `the rollout file is not YAML: ${read.problems[0]?.message ?? "unknown problem"}`,
      hint: "correct the places named under problems",
      problems: [...read.problems],
    });
  }
  const parsed = parseRolloutSpec(read.value);
  const refusal = (problems: readonly RolloutSpecProblem[]): ApiError => refusalOf(problems, read.placeOf);
  if (parsed.kind === "valid") return { plan: parsed.plan, warnings: parsed.warnings, refusal };
  throw refusal(parsed.problems);
}

type PlaceOf = Extract<ReturnType<typeof readYaml>, { placeOf: unknown }>["placeOf"];

function refusalOf(found: readonly RolloutSpecProblem[], placeOf: PlaceOf): ApiError {
  const problems = found.map(({ path, message }) => ({
    message: path.length === 0 ? message : `${path.join(".")}: ${message}`,
    ...placeOf(path),
  }));
  return new ApiError({
    status: 422,
    code: "spec_invalid",
    message: `found ${problems.length} problem${problems.length === 1 ? "" : "s"} in the rollout file, expected none`,
    hint: "correct the places named under problems; GET /v1/schemas/rollout gives the JSON Schema",
    problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
  });
}
