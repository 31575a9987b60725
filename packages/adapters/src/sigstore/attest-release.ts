import { ReleaseError, type Digest, type ReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { z } from "zod";
import { openRelease } from "../release-artifact/index.ts";
import { attachStatement } from "./attach-statement.ts";
import type { StatementSigner } from "./statement-signer.ts";
import { SIGN_PREDICATE } from "./statement.ts";

/** Short names of the predicate types that Perch knows; any other is named by its URI. */
export const PREDICATE_TYPES = {
  provenance: "https://slsa.dev/provenance/v1",
  evaluation: "https://in-toto.io/attestation/test-result/v0.1",
} as const;

const anyPredicate = z.looseObject({});
// What the two specifications require, so that a slip is told when it is made and not when somebody needs the attestation.
const PREDICATES: Readonly<Record<string, z.ZodType>> = {
  [PREDICATE_TYPES.provenance]: z.looseObject({
    buildDefinition: z.looseObject({ buildType: z.string().min(1), externalParameters: anyPredicate }),
    runDetails: z.looseObject({ builder: z.looseObject({ id: z.string().min(1) }) }),
  }),
  [PREDICATE_TYPES.evaluation]: z.looseObject({
    result: z.enum(["PASSED", "WARNED", "FAILED"]),
    configuration: z.array(anyPredicate),
  }),
};

export type Attestation = { readonly digest: Digest; readonly attestation: Digest; readonly predicateType: string };

/**
 * Checks every byte of a release, then attaches a signed statement about it. Never a signature: it admits nothing.
 * Throws `ReleaseError` `attestation_invalid`.
 */
export async function attestRelease(
  registry: ReleaseRegistry,
  reference: ReleaseReference,
  about: {
    /** `provenance`, `evaluation` or a URI. */
    readonly type: string;
    readonly predicate: unknown;
    readonly signer: StatementSigner;
    readonly now: Date;
  },
): Promise<Attestation> {
  const predicateType = parsePredicateType(about.type);
  requirePredicate(predicateType, about.predicate);
  const { digest, descriptor } = await openRelease(registry, reference);
  const repository = registry.repository(reference.agent);
  const { manifest } = await attachStatement(repository, descriptor, { ...about, predicateType });
  return { digest, attestation: manifest.digest, predicateType };
}

function parsePredicateType(text: string): string {
  const known = Object.hasOwn(PREDICATE_TYPES, text) ? Reflect.get(PREDICATE_TYPES, text) : undefined;
  if (typeof known === "string") return known;
  if (text === SIGN_PREDICATE) {
    throw invalid(
      `${text}, with which cosign signs`,
      "what is said about the release",
      "`perch release sign` signs it",
    );
  }
  if (URL.canParse(text) && text.length <= 1_000) return text;
  const names = Object.keys(PREDICATE_TYPES).join(", ");
  throw invalid(
    `type ${JSON.stringify(text.slice(0, 100))}`,
    `${names} or a URI`,
    "https://in-toto.io/attestation lists types",
  );
}

function requirePredicate(predicateType: string, predicate: unknown): void {
  const parsed = (PREDICATES[predicateType] ?? anyPredicate).safeParse(predicate);
  if (parsed.success) return;
  const where = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the predicate"}: ${message}`);
  throw invalid(
    `a predicate that does not fit: ${where.join("; ")}`,
    `a JSON object as ${predicateType} describes it`,
    "correct the file that --predicate names",
  );
}

function invalid(found: string, expected: string, hint: string): ReleaseError {
  return new ReleaseError({ code: "attestation_invalid", message: `found ${found}, expected ${expected}`, hint });
}
