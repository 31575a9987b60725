import { storeRelease } from "@perch/adapters/release-artifact";
import { buildRelease, type BuiltRelease, type ReleaseRegistry } from "@perch/domain";
import { invalidSpec, locateProblems } from "./locate-problems.ts";
import { readAgentDirectory } from "./read-agent-directory.ts";

/** Builds the release of an agent's directory and stores it. Throws `ReleaseError` `spec_invalid` or `version_taken`. */
export async function buildFromDirectory(directory: string, registry: ReleaseRegistry): Promise<BuiltRelease> {
  const { input, placeOf } = await readAgentDirectory(directory);
  const outcome = buildRelease(input);
  if (outcome.kind === "invalid") throw invalidSpec(directory, locateProblems(outcome.problems, placeOf));
  await storeRelease(registry, outcome.release);
  return outcome.release;
}
