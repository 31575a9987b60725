const MIB = 1024 * 1024;

/** What a release may hold at most. Whatever is larger is refused before it is read into memory. */
export const RELEASE_LIMITS = {
  /** Of `agent.yaml`. */
  specBytes: MIB,
  /** Of a prompt or a schema that `agent.yaml` names. */
  fileBytes: 16 * MIB,
  /** Of a release manifest, an OCI manifest or the config of one. */
  manifestBytes: 4 * MIB,
  /** Of the index of a layout, which lists every release and signature of it. */
  indexBytes: 64 * MIB,
  /** Of any blob; the orchestration archive is the largest. */
  blobBytes: 512 * MIB,
  archiveEntries: 100_000,
  components: 10_000,
  promptsOrTools: 1000,
  /** On one manifest or descriptor. */
  annotations: 1000,
  /** Of lists and objects in one another, in JSON and YAML. */
  depth: 100,
  /** Problems that are told of one document; more would help nobody. */
  problems: 100,
} as const;
