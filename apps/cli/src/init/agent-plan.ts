import type { Framework } from "./choose-framework.ts";
import type { ToolDraft } from "./tool-draft.ts";

/** Everything that a new agent directory says. */
export type AgentPlan = {
  readonly name: string;
  readonly version: string;
  readonly model: { readonly provider: string; readonly name: string };
  readonly prompt: string;
  readonly framework: Framework;
  /** Null: the program that `perch init` lays out. */
  readonly ownProgram: { readonly directory: string; readonly entrypoint: string } | null;
  readonly tools: readonly ToolDraft[];
  readonly escalationTools: readonly string[];
};

export const PROGRAM = { directory: "app", entrypoint: "main.mjs" };
