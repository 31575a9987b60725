import type { Digest } from "@perch/domain";
import { z } from "zod";
import { parseJson } from "./parse-json.ts";

/** The predicate with which cosign 3 says "I sign this image", as opposed to attesting something about it. */
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";
export const IN_TOTO_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

const statementSchema = z.object({
  // cosign attests by version 0.1, which differs in nothing that is read here.
  _type: z.enum([STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1"]),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).max(1_000),
  predicateType: z.string().min(1).max(1_000),
});

export type Statement = {
  readonly predicateType: string;
  /** The SHA-256 digests that it is about. */
  readonly digests: readonly string[];
};

/** The bytes of an in-toto statement about the manifest with this digest. */
export function formatStatement(
  digest: Digest,
  { predicateType, predicate }: { readonly predicateType: string; readonly predicate: unknown },
): Buffer {
  const subject = [{ digest: { sha256: digest.slice("sha256:".length) } }];
  return Buffer.from(JSON.stringify({ _type: STATEMENT_TYPE, subject, predicateType, predicate }));
}

/** Null when the bytes are no in-toto statement. */
export function parseStatement(bytes: Uint8Array): Statement | null {
  const parsed = statementSchema.safeParse(parseJson(bytes));
  if (!parsed.success) return null;
  const { predicateType, subject } = parsed.data;
  const digests = subject.flatMap(({ digest }) =>
    digest["sha256"] === undefined ? [] : [`sha256:${digest["sha256"]}`],
  );
  return { predicateType, digests };
}
