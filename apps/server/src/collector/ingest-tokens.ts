import { readYaml } from "@perch/adapters/yaml";
import { z } from "zod";
import { UsageError } from "../options.ts";

/** Whoever shows the token is this sender. Only the token's hash is kept: a token has to be random, not a password. */
export type IngestToken = {
  readonly name: string;
  readonly sha256: string;
  readonly requestsPerSecond: number;
  /** After decompression. */
  readonly bytesPerSecond: number;
};

const token = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "a name of lower-case letters, digits, dots and dashes"),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits, the SHA-256 of the token"),
  requestsPerSecond: z.number().positive().max(1e6).default(1000),
  bytesPerSecond: z.number().positive().max(1e12).default(64_000_000),
});
const tokenFile = z.strictObject({ tokens: z.array(token).min(1).max(1000) });

/** Throws `UsageError` with every problem and its place. Never repeats what stands there: it may be a token itself. */
export function parseIngestTokens(text: string, file: string): readonly IngestToken[] {
  const read = readYaml(text);
  if (read.kind === "malformed") {
    throw unusable(read.problems.map(({ line, message }) => `${file}:${line}: ${message}`));
  }
  const parsed = tokenFile.safeParse(read.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const keys = path.filter((key) => typeof key !== "symbol");
      return `${file}:${read.placeOf(keys).line}: ${keys.join(".") || "the file"}: ${message}`;
    });
    throw unusable(problems);
  }
  const { tokens } = parsed.data;
  const repeated = (["name", "sha256"] as const).filter(
    (key) => new Set(tokens.map((one) => one[key])).size < tokens.length,
  );
  if (repeated.length > 0) throw unusable(repeated.map((key) => `${file}: found a ${key} twice, expected it once`));
  return tokens;
}

function unusable(problems: readonly string[]): UsageError {
  return new UsageError(`--ingest-token-file: ${problems.join("; ")}`);
}
