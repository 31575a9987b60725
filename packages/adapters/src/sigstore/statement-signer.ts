import { signStatement } from "./bundle.ts";
import type { SigningKey } from "./key.ts";

/** Makes Sigstore bundles over in-toto statements. */
export type StatementSigner = {
  readonly sign: (statement: Buffer) => Promise<Uint8Array>;
};

export function createKeySigner(key: SigningKey): StatementSigner {
  return { sign: async (statement) => signStatement(statement, key) };
}
