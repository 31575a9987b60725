import { isJsonObject } from "../json-schema/json.ts";
import type { Digest } from "../release/digest.ts";
import { similarityOf, wordsOf } from "../text-diff/similarity.ts";
import { diffText, type TextLimits } from "../text-diff/text-diff.ts";
import {
  BREAKS_AGENTS,
  BREAKS_BOTH,
  BREAKS_CALLERS,
  BREAKS_NOBODY,
  REWRITTEN,
  type Change,
  type Effect,
} from "./change.ts";
import type { ToolDocument } from "./release-content.ts";
import { diffParameters, diffResults } from "./tool-schemas.ts";
import { fromToWords, linesWords } from "./words.ts";

export type Tool = { readonly name: string; readonly digest: Digest; readonly tool: ToolDocument };

/** What speaks for two tools being one, with its weight: their fields say most, then what is said of them. */
const WEIGHTS = { fields: 0.45, description: 0.35, name: 0.2 };
const MOST_FIELDS = 1000;

/** How similar two tools are, 0 to 1: the weighted mean of what their fields, descriptions and names share. */
export function toolSimilarity(before: Tool, after: Tool): number {
  const evidence = [
    { weight: WEIGHTS.fields, score: similarityOf(fieldsOf(before), fieldsOf(after)) },
    {
      weight: WEIGHTS.description,
      score: similarityOf(wordsOf(before.tool.description), wordsOf(after.tool.description)),
    },
    { weight: WEIGHTS.name, score: similarityOf(wordsOf(before.name), wordsOf(after.name)) },
  ];
  // Tools without any fields are not similar for that: then only the rest counts.
  const known = evidence.flatMap(({ weight, score }) => (score === null ? [] : [{ weight, score }]));
  const weights = known.reduce((sum, { weight }) => sum + weight, 0);
  return weights === 0 ? 0 : known.reduce((sum, { weight, score }) => sum + weight * score, 0) / weights;
}

function fieldsOf({ tool }: Tool): readonly string[] {
  const properties = isJsonObject(tool.parameters) ? tool.parameters["properties"] : undefined;
  return isJsonObject(properties) ? Object.keys(properties).slice(0, MOST_FIELDS) : [];
}

/** What changed about a tool. */
export function diffTools(before: Tool, after: Tool, limits: TextLimits): readonly Change[] {
  const changes = [
    ...renamed(before, after),
    ...diffEffects(before.tool.effect, after.tool.effect),
    ...diffParameters(before.tool.parameters, after.tool.parameters),
    ...diffResults(before.tool.result, after.tool.result),
    ...diffDescriptions(before.tool.description, after.tool.description, limits),
    ...diffAuth(before.tool.auth?.ref ?? null, after.tool.auth?.ref ?? null),
    ...diffEndpoints(before.tool, after.tool),
  ];
  return changes.length > 0 || before.digest === after.digest ? changes : [REWRITTEN];
}

function renamed({ name: from }: Tool, { name: to }: Tool): readonly Change[] {
  if (from === to) return [];
  return [{ kind: "renamed", from, to, breaks: BREAKS_BOTH, words: `was called ${JSON.stringify(from)}` }];
}

const RANK: Readonly<Record<Effect, number>> = { read: 0, idempotent: 1, write: 2 };
const EFFECT_WORDS: Readonly<Record<Effect, { readonly raised: string; readonly lowered: string }>> = {
  read: { raised: "reads", lowered: "only reads now" },
  idempotent: { raised: "now writes, and may be repeated", lowered: "may be repeated now" },
  write: { raised: "now writes", lowered: "writes" },
};

// A call that was made freely, retried or speculated on now does more to the world.
function diffEffects(from: Effect, to: Effect): readonly Change[] {
  if (from === to) return [];
  const isRaised = RANK[to] > RANK[from];
  const words = `${EFFECT_WORDS[to][isRaised ? "raised" : "lowered"]} (${from} → ${to})`;
  return [{ kind: "effectChanged", from, to, breaks: isRaised ? BREAKS_AGENTS : BREAKS_NOBODY, words }];
}

function diffDescriptions(before: string, after: string, limits: TextLimits): readonly Change[] {
  if (before === after) return [];
  // Whether a description ends in a line break is of no interest.
  const text = diffText(`${before}\n`, `${after}\n`, limits);
  return [
    { kind: "descriptionChanged", text, breaks: BREAKS_NOBODY, words: `changed its description: ${linesWords(text)}` },
  ];
}

function diffAuth(from: string | null, to: string | null): readonly Change[] {
  if (from === to) return [];
  return [{ kind: "authChanged", from, to, breaks: BREAKS_NOBODY, words: fromToWords("auth reference", from, to) }];
}

// A transaction that was opened can no longer be ended or handed over.
function diffEndpoints(before: ToolDocument, after: ToolDocument): readonly Change[] {
  return (["cancel", "transfer"] as const).flatMap((endpoint) => {
    const [from, to] = [before.lifecycle?.[endpoint] ?? null, after.lifecycle?.[endpoint] ?? null];
    if (from === to) return [];
    const words = fromToWords(`${endpoint} endpoint`, from, to);
    return [
      { kind: "endpointChanged", endpoint, from, to, breaks: to === null ? BREAKS_CALLERS : BREAKS_NOBODY, words },
    ];
  });
}
