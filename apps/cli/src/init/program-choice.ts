import { stat } from "node:fs/promises";
import { posix, resolve } from "node:path";
import { isPathInside } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import type { AgentPlan } from "./agent-plan.ts";
import type { InitFlags } from "./init-flags.ts";

/** The program that `--orchestration-dir` and `--entrypoint` name; null for the one that is laid out. */
export async function ownProgram(directory: string, flags: InitFlags): Promise<AgentPlan["ownProgram"]> {
  const { orchestrationDir, entrypoint } = flags;
  if (orchestrationDir === undefined && entrypoint === undefined) return null;
  if (orchestrationDir === undefined || entrypoint === undefined) {
    throw refusal("usage", "one of --orchestration-dir and --entrypoint", "both or neither");
  }
  const program = posix.normalize(orchestrationDir.replaceAll("\\", "/")).replace(/\/$/, "");
  if (!isPathInside(program) || !isPathInside(entrypoint)) {
    throw refusal(
      "input_invalid",
      `${orchestrationDir} and ${entrypoint}`,
      `paths inside ${directory}, relative to it`,
    );
  }
  if (program === ".") {
    const expected = "a directory in it: a release must not hold keys/ and .perch/";
    throw refusal("input_invalid", "the agent's own directory as the program's", expected);
  }
  const path = resolve(directory, program, entrypoint);
  if ((await stat(path).catch(() => null))?.isFile() === true) return { directory: program, entrypoint };
  throw refusal("input_invalid", `no file ${program}/${entrypoint} in ${directory}`, "the program to start");
}

function refusal(code: "usage" | "input_invalid", found: string, expected: string): CliError {
  return new CliError({
    code,
    message: `found ${found}, expected ${expected}`,
    hint: "for example --orchestration-dir src --entrypoint main.mjs; without both a small program is laid out",
  });
}
