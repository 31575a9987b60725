import {
  formatReleaseReference,
  ReleaseError,
  type ReleaseEntry,
  type ReleaseReference,
  type ReleaseRegistry,
} from "@perch/domain";

/** The registry's entry for a reference. Throws `ReleaseError` `release_unknown`, saying what there is instead. */
export async function findRelease(
  registry: Pick<ReleaseRegistry, "releases">,
  reference: ReleaseReference,
): Promise<ReleaseEntry> {
  const entries = await registry.releases();
  const ofAgent = entries.filter((entry) => entry.agent === reference.agent);
  const found = ofAgent.find((entry) =>
    reference.kind === "version" ? entry.version === reference.version : entry.descriptor.digest === reference.digest,
  );
  if (found !== undefined) return found;
  throw new ReleaseError({
    code: "release_unknown",
    message: `found no release ${formatReleaseReference(reference)} in the registry; ${whatThereIs(entries, ofAgent)}`,
    hint: "`perch release list` shows every release; `perch release build DIR` adds one",
  });
}

function whatThereIs(entries: readonly ReleaseEntry[], ofAgent: readonly ReleaseEntry[]): string {
  if (entries.length === 0) return "it is empty";
  if (ofAgent.length > 0) return `of this agent it has ${listed(ofAgent.map((entry) => entry.version))}`;
  return `it has agents ${listed([...new Set(entries.map((entry) => entry.agent))])}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(-8);
  return shown.length < names.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
}
