import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { buildRelease, ReleaseError, type BuiltRelease } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { invalidSpec, locateProblems } from "../release/locate-problems.ts";
import { readAgentDirectory } from "../release/read-agent-directory.ts";
import type { AgentPlan } from "./agent-plan.ts";

/** Where the agent's own program lies, if it is not one of the files that were made. */
export type OwnProgram = { readonly root: string; readonly program: AgentPlan["ownProgram"] };

/** Builds the release of a new agent directory in memory, as `perch release build` would. Throws `CliError` `input_invalid`. */
export async function checkDirectory(directory: string, { root, program }: OwnProgram): Promise<BuiltRelease> {
  if (program !== null) {
    // What was made stays: under --force something of the same name may lie there.
    const options = { recursive: true, verbatimSymlinks: true, force: false };
    await cp(resolve(root, program.directory), join(directory, program.directory), options);
  }
  return build(directory);
}

async function build(directory: string): Promise<BuiltRelease> {
  try {
    const { input, placeOf } = await readAgentDirectory(directory);
    const outcome = buildRelease(input);
    if (outcome.kind === "built") return outcome.release;
    throw invalidSpec("", locateProblems(outcome.problems, placeOf));
  } catch (cause) {
    if (!(cause instanceof ReleaseError)) throw cause;
    throw new CliError({
      code: "input_invalid",
      // The place in a file that is gone by now helps nobody; what is said about it does.
      message: "found an agent that no release could be built of, expected one; nothing was written",
      hint: "correct what is named above; with many tools, choose some with --tools-filter",
      problems:
        cause.problems.length > 0 ? cause.problems.map(({ message }) => ({ message })) : [{ message: cause.message }],
      cause,
    });
  }
}
