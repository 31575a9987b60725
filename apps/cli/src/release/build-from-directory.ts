import { storeRelease } from "@perch/adapters/release-artifact";
import { buildRelease, type BuiltRelease, type ReleaseRegistry } from "@perch/domain";
import { invalidSpec, locateProblems } from "./locate-problems.ts";
import { readAgentDirectory } from "./read-agent-directory.ts";

/** Builds the release of an agent's directory and stores it. Throws `ReleaseError` `spec_invalid` or `version_taken`. */
export async function buildFromDirectory(directory: string, registry: ReleaseRegistry): Promise<BuiltRelease> {
  const release = await buildInMemory(directory);
  await storeRelease(registry, release);
  return release;
}

/** Builds the release of an agent's directory and keeps it nowhere. Throws `ReleaseError` `spec_invalid`. */
export async function buildInMemory(directory: string): Promise<BuiltRelease> {
  const { input, placeOf } = await readAgentDirectory(directory);
  const outcome = buildRelease(input);
  if (outcome.kind === "built") return outcome.release;
  throw invalidSpec(directory, locateProblems(outcome.problems, placeOf));
}
