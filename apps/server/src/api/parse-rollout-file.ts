import { readYaml } from "@perch/adapters/yaml";
import { parseRolloutSpec, type RolloutPlan } from "@perch/domain";
import { ApiError } from "./api-error.ts";

/** The plan in a rollout file. Throws `ApiError` with every problem and its line. */
export function parseRolloutFile(text: string): { readonly plan: RolloutPlan; readonly warnings: readonly string[] } {
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
  if (parsed.kind === "valid") return parsed;
  const problems = parsed.problems.map(({ path, message }) => ({
    message: path.length === 0 ? message : `${path.join(".")}: ${message}`,
    ...read.placeOf(path),
  }));
  throw new ApiError({
    status: 422,
    code: "spec_invalid",
    message: `found ${problems.length} problem${problems.length === 1 ? "" : "s"} in the rollout file, expected none`,
    hint: "correct the places named under problems; GET /v1/schemas/rollout gives the JSON Schema",
    problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
  });
}
