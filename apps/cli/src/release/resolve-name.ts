import { parseDigest, parseReleaseName, type ReleaseReference } from "@perch/domain";
import { createApiClient } from "../api-client.ts";

/** The release that a person's name means: a pointer such as `support:stable` is looked up at the server. */
export async function resolveName(text: string, serverUrl: string): Promise<ReleaseReference> {
  const name = parseReleaseName(text);
  if (name.kind !== "pointer") return name;
  const { release } = await createApiClient(serverUrl).pointer(name.agent, name.pointer);
  return { kind: "digest", agent: name.agent, digest: parseDigest(release.digest) };
}
