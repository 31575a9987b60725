import type { JsonValue } from "../release/canonical-json.ts";
import type { Digest } from "../release/digest.ts";
import type { ReleaseReference } from "../release/reference.ts";
import type { ModelName } from "./price-list.ts";

/** A tool as a release declares it. */
export type DeclaredTool = {
  readonly name: string;
  /** The JSON Schema of its arguments. */
  readonly parameters: JsonValue;
  /** Of the schema in canonical form: tools of several releases mostly have the same. */
  readonly parametersDigest: Digest;
  readonly effect: "read" | "idempotent" | "write";
  /** Where its open transactions are ended, or handed over; null: nowhere. */
  readonly lifecycle: { readonly cancel: string | null; readonly transfer: string | null };
};

/** What telemetry needs to know of a release beside its policy. */
export type ReleaseFacts = {
  readonly digest: Digest;
  /** Null for a release that names none. */
  readonly model: ModelName | null;
  readonly tools: readonly DeclaredTool[];
};

/**
 * Reads the facts of a release, and none of its larger parts. Every byte is checked against its digest. Throws `ReleaseError`
 * as `ReleaseContentSource` does.
 */
export interface ReleaseFactsSource {
  read(reference: ReleaseReference): Promise<ReleaseFacts>;
}

/** Whether arguments fit a JSON Schema. */
export interface ArgumentSchemas {
  /** Null for a schema that cannot be used. */
  prepare(schema: JsonValue): ((value: unknown) => boolean) | null;
}
