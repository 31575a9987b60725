import {
  formatReleaseReference,
  ReleaseError,
  type Descriptor,
  type ReleaseReference,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";

export type FoundRelease = { readonly repository: ReleaseRepository; readonly descriptor: Descriptor };

/** Where a release is. Throws `ReleaseError` `release_unknown`, saying what there is instead. */
export async function findRelease(registry: ReleaseRegistry, reference: ReleaseReference): Promise<FoundRelease> {
  const repository = registry.repository(reference.agent);
  const descriptor = await repository.find(reference);
  if (descriptor !== null) return { repository, descriptor };
  throw new ReleaseError({
    code: "release_unknown",
    message: `found no release ${formatReleaseReference(reference)} in the registry; ${await whatThereIs(registry, repository)}`,
    hint: "`perch release list` shows every release; `perch release build DIR` adds one",
  });
}

async function whatThereIs(registry: ReleaseRegistry, repository: ReleaseRepository): Promise<string> {
  const releases = await repository.releases();
  if (releases.length > 0) return `of this agent it has ${listed(releases.map(({ version }) => version))}`;
  const agents = await agentsOf(registry);
  if (agents === null) return "it has no release of this agent";
  return agents.length === 0 ? "it is empty" : `it has agents ${listed(agents)}`;
}

// Only for a better message: not every registry tells.
async function agentsOf(registry: ReleaseRegistry): Promise<readonly string[] | null> {
  try {
    return await registry.agents();
  } catch (error) {
    if (error instanceof ReleaseError) return null;
    throw error;
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(-8);
  return shown.length < names.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
}
