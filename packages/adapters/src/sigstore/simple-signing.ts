import type { AgentName, Descriptor, Digest, ReleaseRepository } from "@perch/domain";
import { z } from "zod";
import { addToSignatureTag, readBlobPart, type SignatureTag } from "../release-artifact/index.ts";
import { decodeBase64 } from "./base64.ts";
import type { FoundSigner } from "./find-signer.ts";
import type { SigningKey, TrustedKey } from "./key.ts";
import { parseJson } from "./parse-json.ts";
import { findKeyOf, signBytes } from "./sign-bytes.ts";

// Red Hat's "simple signing" payload, as cosign puts it into a layer of the signature tag.
const LAYER_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const PAYLOAD_TYPE = "cosign container image signature";

const payloadSchema = z.object({
  critical: z.object({
    image: z.object({ "docker-manifest-digest": z.string() }),
    type: z.literal(PAYLOAD_TYPE),
  }),
});

/** Signs a digest in the older form, under the signature tag. What is there already stays. */
export async function signInTag(repository: ReleaseRepository, digest: Digest, key: SigningKey): Promise<void> {
  const payload = formatPayload(repository.agent, digest);
  const layer = {
    mediaType: LAYER_TYPE,
    size: payload.length,
    digest: await repository.writeBlob(payload),
    annotations: { [SIGNATURE]: signBytes(payload, key).toString("base64") },
  };
  await addToSignatureTag(repository, digest, [layer]);
}

/** Who signed in each layer of the signature tag; every byte under it is checked. */
export async function checkTag(
  repository: ReleaseRepository,
  { tag, manifest }: SignatureTag,
  about: { readonly digest: Digest; readonly keys: readonly TrustedKey[] },
): Promise<readonly FoundSigner[]> {
  await readBlobPart(repository, manifest.config, `config of signature tag ${tag}`);
  const found: FoundSigner[] = [];
  for (const layer of manifest.layers) {
    const payload = await readBlobPart(repository, layer, `signature payload ${layer.digest}`);
    if (layer.mediaType === LAYER_TYPE) found.push(checkPayload(payload, layer, about));
  }
  return found;
}

function checkPayload(
  payload: Uint8Array,
  { annotations }: Descriptor,
  { digest, keys }: { readonly digest: Digest; readonly keys: readonly TrustedKey[] },
): FoundSigner {
  const signature = decodeBase64(annotations?.[SIGNATURE] ?? "");
  if (signature === null || signature.length === 0) return unknown("its signature is missing or no base64");
  const key = findKeyOf(signature, payload, keys);
  if (key === null) {
    const isKeyless = annotations?.["dev.sigstore.cosign/certificate"] !== undefined;
    return unknown(isKeyless ? "it names a certificate, which counts in a bundle only" : "no trusted key made it");
  }
  const parsed = payloadSchema.safeParse(parseJson(payload));
  if (!parsed.success) return unknown("its payload cannot be read");
  const signed = parsed.data.critical.image["docker-manifest-digest"];
  if (signed !== digest) return unknown(`it signs ${signed.slice(0, 100)}`);
  return { kind: "found", signature: { kind: "key", keyId: key.keyId } };
}

function formatPayload(agent: AgentName, digest: Digest): Buffer {
  const identity = { "docker-reference": agent };
  const image = { "docker-manifest-digest": digest };
  return Buffer.from(JSON.stringify({ critical: { identity, image, type: PAYLOAD_TYPE }, optional: null }));
}

function unknown(reason: string): FoundSigner {
  return { kind: "unknown", reason };
}
