import { isBundleWithDsseEnvelope, type Bundle } from "@sigstore/bundle";
import type { BundleBuilder } from "@sigstore/sign";
import { ReleaseError } from "@perch/domain";
import { z } from "zod";
import { formatBundle } from "./bundle.ts";
import { parseJson } from "./parse-json.ts";
import type { StatementSigner } from "./statement-signer.ts";
import { IN_TOTO_TYPE } from "./statement.ts";

export type KeylessServices = {
  /** Gives the certificate. */
  readonly fulcioUrl: string;
  /** The transparency log, version 1 of its API; null: none. */
  readonly rekorUrl: string | null;
  /** The timestamp authority; null: none. */
  readonly tsaUrl: string | null;
};

/** The public deployment of the Sigstore project. */
export const PUBLIC_SERVICES: KeylessServices = {
  fulcioUrl: "https://fulcio.sigstore.dev",
  rekorUrl: "https://rekor.sigstore.dev",
  tsaUrl: null,
};

const FETCHING = { timeout: 15_000, retry: { retries: 2 } };
const MOST_TOKEN_CHARACTERS = 32_768;

const claimsSchema = z
  .looseObject({ iss: z.string().min(1) })
  .and(
    z.union([
      z.looseObject({ email: z.string().min(1), email_verified: z.union([z.literal(true), z.literal("true")]) }),
      z.looseObject({ email: z.undefined().optional(), sub: z.string().min(1) }),
    ]),
  );

/**
 * Signs by a key that lives for one signature and a certificate that Fulcio gives the token's identity. Throws
 * `ReleaseError` `key_invalid` for a token that is none and `signing_failed`; neither repeats the token.
 */
export function createKeylessSigner(token: string, services: KeylessServices): StatementSigner {
  requireToken(token);
  return {
    async sign(statement) {
      let bundle: Bundle;
      try {
        bundle = await (await createBuilder(token, services)).create({ data: statement, type: IN_TOTO_TYPE });
      } catch (error) {
        throw signingFailed(error, services, token);
      }
      if (isBundleWithDsseEnvelope(bundle)) return formatBundle(bundle);
      throw signingFailed(new Error("no DSSE envelope was made"), services, token);
    },
  };
}

// Loaded when it is used: its HTTP client would make every start of the command line a fifth slower.
async function createBuilder(token: string, { fulcioUrl, rekorUrl, tsaUrl }: KeylessServices): Promise<BundleBuilder> {
  const { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } = await import("@sigstore/sign");
  const identityProvider = { getToken: async () => token };
  return new DSSEBundleBuilder({
    signer: new FulcioSigner({ fulcioBaseURL: fulcioUrl, identityProvider, ...FETCHING }),
    witnesses: [
      ...(rekorUrl === null ? [] : [new RekorWitness({ rekorBaseURL: rekorUrl, ...FETCHING })]),
      ...(tsaUrl === null ? [] : [new TSAWitness({ tsaBaseURL: tsaUrl, ...FETCHING })]),
    ],
  });
}

// The library tells of a bad token by repeating it; that must not happen, so it is looked at here first.
function requireToken(token: string): void {
  const [, claims, signature] = token.length > MOST_TOKEN_CHARACTERS ? [] : token.split(".");
  const parsed = claimsSchema.safeParse(parseJson(Buffer.from(claims ?? "", "base64url")));
  if (parsed.success && signature !== undefined) return;
  throw new ReleaseError({
    code: "key_invalid",
    message:
      "found an identity token that cannot be read, expected an OpenID Connect token (JWT) with iss and sub, or a verified email",
    hint: "ask the identity provider for a token for the audience `sigstore`, and put nothing else into the file",
  });
}

function signingFailed(error: unknown, services: KeylessServices, token: string): ReleaseError {
  const said = error instanceof Error ? error.message.replaceAll(token, "…") : String(error);
  const asked = [services.fulcioUrl, services.rekorUrl, services.tsaUrl].filter((url) => url !== null).join(", ");
  // Without its cause, which holds the request with the token.
  return new ReleaseError({
    code: "signing_failed",
    message: `found no signature from ${asked}: ${said.slice(0, 300)}; expected a certificate and its witnesses`,
    hint: "is the token still valid, and do --fulcio, --rekor and --tsa name services that can be reached?",
  });
}
