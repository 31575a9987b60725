/** What a release is, to an OCI registry. */
export const RELEASE_ARTIFACT_TYPE = "application/vnd.perch.release.v1";
/** The OCI config blob of a release: the release manifest. */
export const RELEASE_MANIFEST_TYPE = "application/vnd.perch.release.manifest.v1+json";
export const OCI_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
/** The config of an OCI artifact that needs none is the two bytes `{}` of this type. */
export const OCI_EMPTY_TYPE = "application/vnd.oci.empty.v1+json";

/** The media type of each kind of component, as its OCI layer has it. */
export const COMPONENT_TYPE = {
  model: "application/vnd.perch.model.v1+json",
  prompt: "application/vnd.perch.prompt.v1",
  tool: "application/vnd.perch.tool.v1+json",
  memory: "application/vnd.perch.memory.v1+json",
  policy: "application/vnd.perch.policy.v1+json",
  orchestrationDirectory: "application/vnd.perch.orchestration.v1.tar",
  orchestrationImage: "application/vnd.perch.orchestration.v1+json",
} as const;
