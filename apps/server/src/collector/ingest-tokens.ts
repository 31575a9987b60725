import { z } from "zod";
import { parseFlagYaml, unusableFlag } from "../read-flag-yaml.ts";

/** Whoever shows the token is this sender. Only the token's hash is kept: a token has to be random, not a password. */
export type IngestToken = {
  readonly name: string;
  readonly sha256: string;
  readonly requestsPerSecond: number;
  /** After decompression. */
  readonly bytesPerSecond: number;
};

const FLAG = "--ingest-token-file";

const token = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "a name of lower-case letters, digits, dots and dashes"),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits, the SHA-256 of the token"),
  requestsPerSecond: z.number().positive().max(1e6).default(1000),
  bytesPerSecond: z.number().positive().max(1e12).default(64_000_000),
});
const tokenFile = z.strictObject({ tokens: z.array(token).min(1).max(1000) });

/** Throws `UsageError` with every problem and its place. Never repeats what stands there: it may be a token itself. */
export function parseIngestTokens(text: string, file: string): readonly IngestToken[] {
  const { value, refusal } = parseFlagYaml(text, { flag: FLAG, file });
  const parsed = tokenFile.safeParse(value);
  if (!parsed.success) {
    throw refusal(
      parsed.error.issues.map(({ path, message }) => ({
        path: path.filter((key) => typeof key !== "symbol"),
        message,
      })),
    );
  }
  const { tokens } = parsed.data;
  const repeated = (["name", "sha256"] as const).filter(
    (key) => new Set(tokens.map((one) => one[key])).size < tokens.length,
  );
  if (repeated.length > 0) {
    throw unusableFlag(
      FLAG,
      repeated.map((key) => `${file}: found a ${key} twice, expected it once`),
    );
  }
  return tokens;
}
