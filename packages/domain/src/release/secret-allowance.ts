import { z } from "zod";

/** A text that looks like a secret and is none, such as a key made for tests. */
export type SecretAllowance = {
  /** A file, or a directory with everything in it. */
  readonly path: string;
  readonly line?: number | undefined;
  readonly reason: string;
};

const allowancesSchema = z.object({
  spec: z.object({
    secretScan: z.object({
      allow: z.array(z.object({ path: z.string().min(1), line: z.number().optional(), reason: z.string() })),
    }),
  }),
});

/** What `spec.secretScan` allows, read leniently: also from an `agent.yaml` that has problems elsewhere. */
export function secretAllowances(value: unknown): readonly SecretAllowance[] {
  const parsed = allowancesSchema.safeParse(value);
  return parsed.success ? parsed.data.spec.secretScan.allow : [];
}

/** Line null: the file as a whole, such as one that is refused by its name; a single line does not allow that. */
export function isSecretAllowed(
  allowances: readonly SecretAllowance[],
  { file, line }: { readonly file: string; readonly line: number | null },
): boolean {
  const parts = partsOf(file);
  return allowances.some((allowance) => {
    const isCovered = partsOf(allowance.path).every((part, index) => part === parts[index]);
    return isCovered && (allowance.line === undefined || allowance.line === line);
  });
}

function partsOf(path: string): readonly string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
