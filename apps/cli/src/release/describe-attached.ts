import type { InspectedAttached, ListedAttestation } from "@perch/adapters/sigstore";

/** The signatures and attestations of a release, a line each, with the reason for each that is not trusted. */
export function describeAttached({ signatures, attestations, others }: InspectedAttached, note: string | null): string {
  const { trusted, notTrusted } = signatures;
  return [
    ...(note === null ? [] : [`nobody is trusted: ${note}`]),
    ...(trusted.length + notTrusted.length === 0 ? ["not signed"] : []),
    ...trusted.map((signer) => `signed by trusted ${signer}`),
    ...notTrusted.map((reason) => `signature that does not count: ${reason}`),
    ...(attestations.length === 0 ? ["no attestations"] : attestations.map(attestationLine)),
    ...(others === 0 ? [] : [`${others} attached by other tools`]),
  ].join("\n");
}

function attestationLine({ predicateType, signer, trusted, reason, createdAt }: ListedAttestation): string {
  const who = trusted ? `by trusted ${signer ?? ""}` : `not trusted: ${reason ?? ""}`;
  return `attestation ${predicateType}  ${createdAt ?? "no time"}  ${who}`;
}
