import type { JsonObject } from "../json-schema/json.ts";
import { BREAKS_NOBODY, type Change } from "./change.ts";
import { diffJson } from "./diff-json.ts";
import type { PolicyDocument } from "./release-content.ts";
import { fromToWords, listWords } from "./words.ts";

/** What changed about a model: another one behaves otherwise, and breaks no contract. */
export function diffModels(before: JsonObject, after: JsonObject): readonly Change[] {
  return diffJson(before, after).map(({ path, from, to }) => ({
    kind: "settingChanged",
    path,
    from,
    to,
    breaks: BREAKS_NOBODY,
    words: fromToWords(path, from, to),
  }));
}

const COUNTS_AS = { escalationTools: "as escalated", successTools: "as successful" } as const;
type List = keyof typeof COUNTS_AS;

/** What changed about a policy: how sessions are counted, and what the agent is handed to guard itself by. */
export function diffPolicies(before: PolicyDocument, after: PolicyDocument): readonly Change[] {
  return [
    ...diffList("escalationTools", before.escalationTools, after.escalationTools),
    ...diffList("successTools", before.successTools, after.successTools),
    ...diffGuardrails(before.guardrails ?? [], after.guardrails ?? []),
  ];
}

function diffList(list: List, before: readonly string[], after: readonly string[]): readonly Change[] {
  const [had, has] = [new Set(before), new Set(after)];
  const added = after.filter((name) => !had.has(name));
  const removed = before.filter((name) => !has.has(name));
  if (added.length + removed.length === 0) return [];
  const calls = (names: readonly string[]): string => `sessions that call ${listWords(names, " or ")}`;
  const words = [
    ...(added.length === 0 ? [] : [`counts ${calls(added)} ${COUNTS_AS[list]} now`]),
    ...(removed.length === 0 ? [] : [`no longer counts ${calls(removed)} ${COUNTS_AS[list]}`]),
  ].join(", and ");
  return [{ kind: "policyToolsChanged", list, added, removed, breaks: BREAKS_NOBODY, words }];
}

type Guardrails = NonNullable<PolicyDocument["guardrails"]>;
type Guardrail = Guardrails[number];

function diffGuardrails(before: Guardrails, after: Guardrails): readonly Change[] {
  const [had, has] = [before, after].map((list) => new Map(list.map((one) => [one.name, one])));
  const names = new Set([...before, ...after].map(({ name }) => name));
  return [...names].flatMap((name) => diffGuardrail(name, had?.get(name), has?.get(name)));
}

function diffGuardrail(name: string, before: Guardrail | undefined, after: Guardrail | undefined): readonly Change[] {
  const change = (how: "added" | "removed" | "changed", details: string): Change => {
    const words = `guardrail ${JSON.stringify(name)} ${how}${details}`;
    return { kind: "guardrailChanged", name, how, breaks: BREAKS_NOBODY, words };
  };
  if (before === undefined) return [change("added", "")];
  if (after === undefined) return [change("removed", "")];
  const values = diffJson(before, after).map(({ path, from, to }) => fromToWords(path, from, to));
  return values.length === 0 ? [] : [change("changed", `: ${listWords(values, "; ")}`)];
}
