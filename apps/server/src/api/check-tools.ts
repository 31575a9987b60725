import { checkDrainTools, type AgentRecord, type ReleaseFactsSource, type ReleaseReference } from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";
import type { ParsedRolloutFile } from "./parse-rollout-file.ts";

/**
 * What the tools of the releases that a rollout may leave behind cannot do that its file wants of them, as warnings. Throws
 * `ApiError` where none of them could be asked at all.
 */
export async function checkToolsOf(
  { plan, refusal }: ParsedRolloutFile,
  releases: readonly ReleaseReference[],
  { record, facts }: { readonly record: AgentRecord | null; readonly facts: ReleaseFactsSource },
): Promise<readonly string[]> {
  if ((plan.drain?.openTransactions ?? "wait") === "wait") return [];
  const read = await readAll(releases, facts);
  if (typeof read === "string") return [`the tools of the releases cannot be read: ${read}`];
  const known = read.map(({ digest, tools }, index) => {
    const reference = releases[index];
    const admitted = record?.releases.find((one) => one.digest === digest)?.version;
    return { version: admitted ?? (reference?.kind === "version" ? reference.version : digest), tools };
  });
  const { problems, warnings } = checkDrainTools(plan, known);
  if (problems.length > 0) throw refusal(problems);
  return warnings;
}

async function readAll(releases: readonly ReleaseReference[], facts: ReleaseFactsSource) {
  try {
    return await Promise.all(releases.map((one) => facts.read(one)));
  } catch (error) {
    return reasonOf(error);
  }
}
