import type { BundleWithDsseEnvelope } from "@sigstore/bundle";
import { RFC3161Timestamp, X509Certificate } from "@sigstore/core";
import { toSignedEntity, Verifier } from "@sigstore/verify";
import type { FoundSigner } from "./find-signer.ts";
import type { TrustedRoot } from "./trusted-root.ts";

const FULCIO_ISSUER = "1.3.6.1.4.1.57264.1.8";

/**
 * Verifies a signature by a short-lived certificate, offline: the certificate chains to an authority of the trusted root,
 * and was valid at every time that a log or a timestamp authority of the root vouches for; there is at least one. What
 * the root lists is required: with logs in it, an entry with proof; with certificate logs, their timestamp.
 */
export function verifyCertificate(bundle: BundleWithDsseEnvelope, { material }: TrustedRoot): FoundSigner {
  const verifier = new Verifier(material, {
    timestampThreshold: 1,
    tlogThreshold: material.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
  });
  try {
    // Without a policy of the library's own: it takes a subject for a pattern that may fit anywhere.
    const { identity } = verifier.verify(toSignedEntity(bundle));
    const issuer = identity?.extensions?.issuer;
    const subject = identity?.subjectAlternativeName;
    if (issuer === undefined || subject === undefined) return unknown("its certificate names no issuer or no subject");
    return { kind: "found", signature: { kind: "identity", issuer, subject, signedAt: signingTimes(bundle) } };
  } catch (error) {
    // Certificates and timestamps are read as they are needed: malformed ones fail here with errors of any class.
    return unknown(`its certificate, log entry or timestamp is not good: ${reasonOf(error)}`);
  }
}

/** Whom a bundle's certificate names, unverified: for telling a person what was just signed. */
export function certifiedName({ verificationMaterial }: BundleWithDsseEnvelope): string {
  const { content } = verificationMaterial;
  if (content.$case !== "certificate") return "no certificate";
  const certificate = X509Certificate.parse(Buffer.from(content.certificate.rawBytes));
  const issuer = certificate.extension(FULCIO_ISSUER)?.valueObj.subs[0]?.value.toString("utf8");
  return `${certificate.subjectAltName ?? "unknown"} (${issuer ?? "unknown issuer"})`;
}

// The times that were verified a moment ago: every timestamp, and every log entry whose promise signs its time.
function signingTimes({ verificationMaterial }: BundleWithDsseEnvelope): readonly number[] {
  const { tlogEntries, timestampVerificationData } = verificationMaterial;
  const logged = tlogEntries.filter(
    ({ inclusionPromise, integratedTime }) => inclusionPromise && integratedTime !== "0",
  );
  const stamped = timestampVerificationData?.rfc3161Timestamps ?? [];
  return [
    ...logged.map(({ integratedTime }) => Number(integratedTime) * 1000),
    ...stamped.map(({ signedTimestamp }) => RFC3161Timestamp.parse(Buffer.from(signedTimestamp)).signingTime.getTime()),
  ];
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${message}${cause}`.slice(0, 300);
}

function unknown(reason: string): FoundSigner {
  return { kind: "unknown", reason };
}
