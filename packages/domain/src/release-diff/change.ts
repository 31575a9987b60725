import type { SchemaChange } from "../json-schema/schema-change.ts";
import type { Component, ReleaseManifest } from "../release/release-manifest.ts";
import type { Digest } from "../release/digest.ts";
import type { TextDiff, TextLimits } from "../text-diff/text-diff.ts";

/**
 * Whom a change from A to B breaks.
 *
 * `agents`: those who send. Everything that was written for A and makes tool calls or writes records: prompts and their
 * examples, orchestration, sessions in mid-conversation, and memory that A wrote. Broken when B may refuse, lose or not
 * find what A took, or when a call does more to the world than it did. Arguments are input: narrowing them breaks agents.
 *
 * `callers`: those who receive. Everything that was written for A and reads what the release gives out: whoever uses tool
 * results, what ends or hands over its transactions, and A itself when it reads memory after a rollback. Broken when B
 * may give something that A's schema excluded, or no longer gives what A's schema named. Results are output: widening
 * them breaks callers.
 *
 * What cannot be told counts as breaking. That an agent behaves otherwise (prompt, model, policy) breaks no contract.
 */
export type Breaks = { readonly agents: boolean; readonly callers: boolean };

export type ComponentKind = Component["kind"];

/** One change of one component. `words` goes on from the component's name: "now writes (read → write)". */
export type Change = { readonly breaks: Breaks; readonly words: string } & ChangeKind;

type FromTo = { readonly from: string | null; readonly to: string | null };

type ChangeKind =
  | { readonly kind: "added" }
  | { readonly kind: "removed" }
  | { readonly kind: "renamed"; readonly from: string; readonly to: string }
  | { readonly kind: "roleChanged"; readonly from: string; readonly to: string }
  | { readonly kind: "textChanged"; readonly text: TextDiff }
  | { readonly kind: "descriptionChanged"; readonly text: TextDiff }
  | ({ readonly kind: "parameterChanged" } & SchemaPlace)
  | ({ readonly kind: "resultChanged" } & SchemaPlace)
  | { readonly kind: "effectChanged"; readonly from: Effect; readonly to: Effect }
  | ({ readonly kind: "authChanged" } & FromTo)
  | ({ readonly kind: "endpointChanged"; readonly endpoint: "cancel" | "transfer" } & FromTo)
  /** A value of a JSON document, as JSON text; null where there was none. */
  | ({ readonly kind: "settingChanged"; readonly path: string } & FromTo)
  | ({ readonly kind: "storeChanged"; readonly store: "store" | "vectorStore" } & FromTo)
  /** `backward`: B cannot read what A wrote. `forward`: A cannot read what B writes, as after a rollback. */
  | { readonly kind: "unreadable"; readonly direction: "backward" | "forward"; readonly path: string }
  | { readonly kind: "memorySchemaChanged"; readonly path: string }
  | {
      readonly kind: "policyToolsChanged";
      readonly list: "escalationTools" | "successTools";
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly kind: "guardrailChanged"; readonly name: string; readonly how: "added" | "removed" | "changed" }
  | ({ readonly kind: "programChanged"; readonly part: "form" | "image" | "framework" | "entrypoint" } & FromTo)
  | {
      readonly kind: "fileChanged";
      readonly path: string;
      readonly how: "added" | "removed" | "changed" | "renamed";
      /** The old path of a renamed file; otherwise null. */
      readonly previousPath: string | null;
      /** Bytes; null for a link or where there was none. */
      readonly sizeBefore: number | null;
      readonly sizeAfter: number | null;
      /** Null for what is not text, or too large to be compared by lines. */
      readonly text: TextDiff | null;
    }
  /** Changes of files that were left out because the limit was reached. */
  | { readonly kind: "filesOmitted"; readonly count: number }
  /** Other bytes that say the same. */
  | { readonly kind: "rewritten" };

/** Where in a JSON Schema, how, and what it does to the values that are accepted. */
type SchemaPlace = {
  readonly path: string;
  readonly how: SchemaChange["kind"];
  readonly narrows: boolean;
  readonly widens: boolean;
};

export type Effect = "read" | "idempotent" | "write";

export type ComponentDiff = {
  readonly kind: ComponentKind;
  readonly name: string;
  /** `tool "refund"`, `model` */
  readonly label: string;
  readonly breaks: Breaks;
  readonly changes: readonly Change[];
};

/** Prompts and tools reach the model in the order of the release. */
export type OrderChange = {
  readonly kind: "prompt" | "tool";
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly words: string;
};

export type ComparedRelease = Pick<ReleaseManifest, "agent" | "version"> & { readonly digest: Digest };

export type ReleaseDiff = {
  readonly from: ComparedRelease;
  readonly to: ComparedRelease;
  /** Whether B's version comes after A's, by semantic versioning. */
  readonly direction: "newer" | "older" | "same";
  /** The part of the version that changed. */
  readonly step: "major" | "minor" | "patch" | "prerelease" | "build" | "none";
  readonly total: number;
  readonly breaks: Breaks;
  /** One line: how much changed, and what matters most. */
  readonly summary: string;
  readonly warnings: readonly string[];
  /** Those that changed, in the order of B's manifest, removed ones last. */
  readonly components: readonly ComponentDiff[];
  readonly orders: readonly OrderChange[];
};

/** How much of a difference is kept. */
export type DiffLimits = { readonly text: TextLimits; readonly files: number };

export const BREAKS_NOBODY: Breaks = { agents: false, callers: false };
export const BREAKS_AGENTS: Breaks = { agents: true, callers: false };
export const BREAKS_CALLERS: Breaks = { agents: false, callers: true };
export const BREAKS_BOTH: Breaks = { agents: true, callers: true };

/** What is said of a component with another digest in which nothing else is found to differ. */
export const REWRITTEN: Change = {
  kind: "rewritten",
  breaks: BREAKS_NOBODY,
  words: "has other bytes that say the same",
};

/** Whom any of them breaks. */
export function breaksOf(parts: readonly { readonly breaks: Breaks }[]): Breaks {
  return { agents: parts.some(({ breaks }) => breaks.agents), callers: parts.some(({ breaks }) => breaks.callers) };
}
