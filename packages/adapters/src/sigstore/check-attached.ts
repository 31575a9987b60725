import type { Digest, GoodSignature, ReleaseRepository } from "@perch/domain";
import { readSignatureTag } from "../release-artifact/index.ts";
import { readBundle, type BundleReading } from "./bundle.ts";
import { findSigner, type FoundSigner } from "./find-signer.ts";
import { readReferrers, type AttachedBundle } from "./referrers.ts";
import { checkTag } from "./simple-signing.ts";
import { SIGN_PREDICATE } from "./statement.ts";
import type { Trust } from "./trust.ts";

export type FoundAttestation = {
  /** Of the manifest that attaches it. */
  readonly digest: Digest;
  readonly predicateType: string;
  /** When it was attached, as its manifest says; unsigned. */
  readonly createdAt: string | null;
  readonly signer: FoundSigner;
};

/** What is attached to a release, with whatever of it is good by its cryptography. */
export type CheckedAttached = {
  readonly signatures: readonly { readonly form: "bundle" | "tag"; readonly signature: GoodSignature }[];
  /** Why each other signature is not good. */
  readonly rejections: readonly string[];
  readonly attestations: readonly FoundAttestation[];
  /** What other tools attached. */
  readonly others: number;
};

/** Throws `ReleaseError` `digest_mismatch` when any byte of what is attached was altered, and `layout_invalid`. */
export async function checkAttached(
  repository: ReleaseRepository,
  digest: Digest,
  trust: Pick<Trust, "keys" | "root">,
): Promise<CheckedAttached> {
  const { bundles, others } = await readReferrers(repository, digest);
  const tag = await readSignatureTag(repository, digest);
  const checked = bundles.map((bundle) => checkBundle(bundle, digest, trust));
  const inTag = tag === null ? [] : await checkTag(repository, tag, { digest, keys: trust.keys });
  const signers = [
    ...checked.flatMap((one) => (one.kind === "signature" ? [{ form: "bundle" as const, ...one }] : [])),
    ...inTag.map((signer) => ({ form: "tag" as const, name: "in the signature tag", signer })),
  ];
  return {
    signatures: signers.flatMap(({ form, signer }) =>
      signer.kind === "found" ? [{ form, signature: signer.signature }] : [],
    ),
    rejections: signers.flatMap(({ name, signer }) => (signer.kind === "found" ? [] : [`${name}: ${signer.reason}`])),
    attestations: checked.flatMap((one) => (one.kind === "attestation" ? [one.attestation] : [])),
    others,
  };
}

type CheckedBundle =
  | { readonly kind: "signature"; readonly name: string; readonly signer: FoundSigner }
  | { readonly kind: "attestation"; readonly attestation: FoundAttestation };

// What a bundle is, is what its signed statement says; the manifest's word is for one that cannot be read.
function checkBundle(attached: AttachedBundle, digest: Digest, trust: Pick<Trust, "keys" | "root">): CheckedBundle {
  const reading = readBundle(attached.bytes);
  const claimed = attached.predicateType ?? SIGN_PREDICATE;
  const predicateType = reading.kind === "read" ? reading.statement.predicateType : claimed;
  const signer = signerOf(reading, digest, trust);
  if (predicateType === SIGN_PREDICATE) return { kind: "signature", name: `${attached.digest.slice(0, 19)}…`, signer };
  const attestation = { digest: attached.digest, predicateType, createdAt: attached.createdAt, signer };
  return { kind: "attestation", attestation };
}

function signerOf(reading: BundleReading, digest: Digest, trust: Pick<Trust, "keys" | "root">): FoundSigner {
  if (reading.kind === "unreadable") return { kind: "unknown", reason: reading.reason };
  const { digests } = reading.statement;
  if (digests.includes(digest)) return findSigner(reading, trust);
  return { kind: "unknown", reason: `it signs ${digests.join(", ").slice(0, 200) || "nothing"}` };
}
