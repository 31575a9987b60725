import { forecastSchema, type ForecastView } from "@perch/api";
import { readYaml } from "@perch/adapters/yaml";
import { forecastRollout, parseRolloutSpec } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { compareProblems, type PlaceOf } from "../release/locate-problems.ts";

/** Where sessions do not say that they end, they are over after this long. */
const IDLE_MS = 1_800_000;

/** The forecast without a server: nothing of the baseline is known. Throws `CliError` `input_invalid` with every line. */
export function planOffline(text: string, { file, traffic }: { file: string; traffic: number }): ForecastView {
  const yaml = readYaml(text);
  if (yaml.kind === "malformed") throw invalid(file, yaml.problems);
  const parsed = parseRolloutSpec(yaml.value);
  if (parsed.kind === "invalid") {
    const placeOf: PlaceOf = yaml.placeOf;
    const problems = parsed.problems.map(({ path, message }) => ({
      message: path.length === 0 ? message : `${path.join(".")}: ${message}`,
      ...placeOf(path),
    }));
    throw invalid(file, problems.toSorted(compareProblems));
  }
  const warnings = [...parsed.warnings, "no server was asked: rates are assumed, and memory was not compared"];
  const maturationMs = parsed.plan.idleTimeoutMs ?? IDLE_MS;
  return forecastSchema.parse(
    forecastRollout(parsed.plan, {
      sessionsPerMinute: traffic,
      rates: {},
      values: {},
      features: {},
      landmarks: {},
      maturationMs,
      warnings,
    }),
  );
}

function invalid(file: string, problems: readonly { message: string; line?: number; column?: number }[]): CliError {
  return new CliError({
    code: "input_invalid",
    message: `found ${problems.length} problem${problems.length === 1 ? "" : "s"} in ${file}, expected none`,
    hint: "correct the lines above; GET /v1/schemas/rollout of a server gives the JSON Schema",
    problems,
  });
}
