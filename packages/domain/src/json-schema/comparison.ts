import type { JsonValue } from "../release/canonical-json.ts";
import type { JsonObject } from "./json.ts";
import type { SchemaChange, SchemaEffect } from "./schema-change.ts";

/** A schema before and after. */
export type SchemaPair = { readonly before: JsonValue; readonly after: JsonValue };
/** The same with references resolved: the keywords of one place. */
export type ViewPair = { readonly before: JsonObject; readonly after: JsonObject };

/** One comparison under way, as its rules for single keywords see it. */
export type Comparison = {
  readonly path: string;
  readonly report: (change: SchemaChange) => void;
  /** Compares what lies in this place. */
  readonly compare: (pair: SchemaPair, path: string) => void;
  /** What the change of one schema into the other would do, without reporting it. */
  readonly effectOf: (pair: SchemaPair) => SchemaEffect;
  readonly viewOf: (schema: JsonValue, side: "before" | "after") => JsonObject | null;
};
