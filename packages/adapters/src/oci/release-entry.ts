import {
  isSemanticVersion,
  parseAgentName,
  RELEASE_ARTIFACT_TYPE,
  ReleaseError,
  RoutingError,
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

/** Throws `ReleaseError` `version_taken`: a version names one digest for ever. */
export function refuseTakenVersion(known: readonly ReleaseEntry[], entry: ReleaseEntry): void {
  const other = known.find(({ agent, version }) => agent === entry.agent && version === entry.version);
  if (other === undefined || other.descriptor.digest === entry.descriptor.digest) return;
  throw new ReleaseError({
    code: "version_taken",
    message: `found ${entry.agent}@${entry.version} with digest ${other.descriptor.digest}, expected ${entry.descriptor.digest} or a new version`,
    hint: "a published version is never changed: raise metadata.version in agent.yaml",
  });
}
