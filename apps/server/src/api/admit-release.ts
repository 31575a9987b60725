import type { AdmittedRelease, AgentRecord, ReleaseReference, ReleaseSource } from "@perch/domain";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";

export type AdmitDeps = { readonly book: Book; readonly releases: ReleaseSource; readonly now: () => number };

/**
 * Verifies a release and remembers that it was admitted. A version that was admitted with another digest before is
 * refused, whatever a registry says today.
 */
export async function admitRelease(reference: ReleaseReference, deps: AdmitDeps): Promise<AdmittedRelease> {
  const { book, releases, now } = deps;
  const admitted = await releases.admit(reference);
  const { agent, digest, version, policy, signedBy } = admitted;
  await book.recordAgent(agent, (record) => {
    refuseReusedVersion(record, admitted);
    return { type: "releaseAdmitted", at: now(), release: { digest, version }, policy, signedBy };
  });
  return admitted;
}

function refuseReusedVersion({ releases }: AgentRecord, { agent, version, digest }: AdmittedRelease): void {
  const known = releases.find((release) => release.version === version && release.digest !== digest);
  if (known === undefined) return;
  throw new ApiError({
    status: 409,
    code: "version_taken",
    message: `found ${agent}@${version} with digest ${digest}, expected ${known.digest}, which was admitted under this version before`,
    hint: "a version names one release for ever: somebody replaced it in the registry; build and sign it under a new version",
  });
}
