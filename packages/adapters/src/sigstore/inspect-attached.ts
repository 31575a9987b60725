import { judgeSignature, describeSignature, type AgentName, type Digest, type ReleaseRepository } from "@perch/domain";
import { checkAttached } from "./check-attached.ts";
import type { FoundSigner } from "./find-signer.ts";
import type { Trust } from "./trust.ts";

export type ListedAttestation = {
  /** Of the manifest that attaches it. */
  readonly digest: Digest;
  readonly predicateType: string;
  /** Null when nobody knows: then `reason` says why. */
  readonly signer: string | null;
  readonly trusted: boolean;
  /** Why it is not trusted; null when it is. */
  readonly reason: string | null;
  /** When it was attached, as its manifest says; not signed. */
  readonly createdAt: string | null;
};

export type InspectedAttached = {
  readonly signatures: { readonly trusted: readonly string[]; readonly notTrusted: readonly string[] };
  readonly attestations: readonly ListedAttestation[];
  /** What other tools attached. */
  readonly others: number;
};

/** What is attached to a release and whether its signer is trusted, for people to read; decides about nothing. */
export async function inspectAttached(
  repository: ReleaseRepository,
  digest: Digest,
  { trust, now }: { readonly trust: Trust; readonly now: Date },
): Promise<InspectedAttached> {
  const { signatures, rejections, attestations, others } = await checkAttached(repository, digest, trust);
  const judge = (signer: FoundSigner): JudgedSigner => judgeSigner(signer, repository.agent, { trust, now });
  const judged = signatures.map(({ signature }) => judge({ kind: "found", signature }));
  return {
    signatures: {
      trusted: [
        ...new Set(judged.flatMap(({ signer, reason }) => (reason === null && signer !== null ? [signer] : []))),
      ],
      notTrusted: [...judged.flatMap(({ reason }) => (reason === null ? [] : [reason])), ...rejections],
    },
    attestations: attestations.map(({ signer, ...attestation }) => {
      const { signer: name, reason } = judge(signer);
      return { ...attestation, signer: name, trusted: reason === null, reason };
    }),
    others,
  };
}

type JudgedSigner = { readonly signer: string | null; readonly reason: string | null };

function judgeSigner(
  signer: FoundSigner,
  agent: AgentName,
  { trust, now }: { readonly trust: Trust; readonly now: Date },
): JudgedSigner {
  if (signer.kind === "unknown") return { signer: null, reason: signer.reason };
  const verdict = judgeSignature(trust.policy, signer.signature, { agent, now: now.getTime() });
  const name = describeSignature(signer.signature);
  return { signer: name, reason: verdict.kind === "counts" ? null : verdict.reason };
}
