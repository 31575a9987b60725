import type { JsonObject } from "./json-object.ts";

/** A tool as `agent.yaml` will declare it. */
export type ToolDraft = {
  readonly name: string;
  readonly description: string;
  readonly effect: "read" | "idempotent" | "write";
  readonly parameters: JsonObject;
  readonly result: JsonObject | null;
  readonly authRef: string | null;
  /** Where it comes from, in words that a person finds it by: `POST /orders`, `the MCP tool "refund"`. */
  readonly origin: string;
};

/** What an import gives: the tools, and a sentence for everything that was left out or changed. */
export type ImportedTools = { readonly tools: readonly ToolDraft[]; readonly notes: readonly string[] };
