import {
  compareVersions,
  isSemanticVersion,
  parseAgentName,
  RELEASE_ARTIFACT_TYPE,
  ReleaseError,
  RoutingError,
  type AgentName,
  type Descriptor,
  type ReleaseEntry,
} from "@perch/domain";

type Annotated = {
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
};

/** What a descriptor or a manifest says of itself; null when it is no release. */
export function parseReleaseEntry(
  descriptor: Descriptor,
  { artifactType, annotations }: Annotated,
): ReleaseEntry | null {
  const agent = annotations?.["dev.perch.agent"];
  const version = annotations?.["org.opencontainers.image.version"];
  if (artifactType !== RELEASE_ARTIFACT_TYPE || agent === undefined || version === undefined) return null;
  if (!isSemanticVersion(version)) return null;
  try {
    return { agent: parseAgentName(agent), version, descriptor };
  } catch (error) {
    if (error instanceof RoutingError) return null;
    throw error;
  }
}

/** An agent's releases, each once, by precedence of their versions. */
export function sortReleases(entries: readonly ReleaseEntry[]): readonly ReleaseEntry[] {
  const distinct = new Map(entries.map((entry) => [`${entry.version} ${entry.descriptor.digest}`, entry]));
  return [...distinct.values()].toSorted((a, b) => compareVersions(a.version, b.version));
}

/** Throws `ReleaseError` `version_taken` when the version names another digest: it names one for ever. */
export function refuseTakenVersion(
  taken: { readonly digest: string } | null,
  wanted: { readonly agent: AgentName; readonly version: string; readonly digest: string },
): void {
  if (taken === null || taken.digest === wanted.digest) return;
  throw new ReleaseError({
    code: "version_taken",
    message: `found ${wanted.agent}@${wanted.version} with digest ${taken.digest}, expected ${wanted.digest} or a new version`,
    hint: "a published version is never changed: raise metadata.version in agent.yaml",
  });
}
