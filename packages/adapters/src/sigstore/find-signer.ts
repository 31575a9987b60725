import type { GoodSignature } from "@perch/domain";
import type { StatementBundle } from "./bundle.ts";
import { verifyCertificate } from "./certificate.ts";
import { preAuthEncoding } from "./dsse.ts";
import { findKeyOf } from "./sign-bytes.ts";
import type { Trust } from "./trust.ts";

export type FoundSigner =
  { readonly kind: "found"; readonly signature: GoodSignature } | { readonly kind: "unknown"; readonly reason: string };

/** Who made a bundle's signature, by its cryptography alone: whether that one may is another question. */
export function findSigner({ bundle }: StatementBundle, { keys, root }: Pick<Trust, "keys" | "root">): FoundSigner {
  const { content } = bundle.verificationMaterial;
  switch (content.$case) {
    case "publicKey": {
      const { payloadType, payload, signatures } = bundle.content.dsseEnvelope;
      const signature = signatures[0]?.sig ?? Buffer.alloc(0);
      const key = findKeyOf(signature, preAuthEncoding(payloadType, payload), keys);
      if (key !== null) return { kind: "found", signature: { kind: "key", keyId: key.keyId } };
      return { kind: "unknown", reason: `no trusted key made it${hintText(content.publicKey.hint)}` };
    }
    case "certificate":
      if (root !== null) return verifyCertificate(bundle, root);
      return {
        kind: "unknown",
        reason: "it names a certificate, which only a trust policy with an identity and a trusted root can judge",
      };
    case "x509CertificateChain":
      return {
        kind: "unknown",
        reason: "it names a chain of certificates, which a bundle of version 0.3 does not have",
      };
  }
}

function hintText(hint: string): string {
  const fingerprint = Buffer.from(hint, "base64").toString("hex").slice(0, 16);
  return fingerprint === "" ? "" : `; it names key ${fingerprint}`;
}
