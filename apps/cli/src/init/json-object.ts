import type { JsonValue } from "@perch/domain";
import { CliError } from "../cli-error.ts";

export type JsonObject = { readonly [name: string]: JsonValue | undefined };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member of that very object; what it inherits, such as `constructor`, is none of it. */
export function memberOf(value: unknown, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function textAt(value: unknown, name: string): string | null {
  const member = memberOf(value, name);
  return typeof member === "string" && member.trim() !== "" ? member : null;
}

export type JsonLimits = { readonly depth: number; readonly nodes: number };

/** The value as JSON; throws as `checkJson` does. */
export function parseJsonValue(value: unknown, what: string, limits: JsonLimits): JsonValue {
  checkJson(value, what, limits);
  return value as JsonValue;
}

/**
 * Throws `CliError` `input_invalid` for a value that is nested too deeply, has too many parts, or holds what no release
 * can. Everything after this check may recurse. An object that contains itself, as YAML's aliases can make it, is one
 * without end.
 */
export function checkJson(value: unknown, what: string, limits: JsonLimits): void {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 1 }];
  let nodes = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    nodes += 1;
    if (next.depth > limits.depth) throw unfit(what, `nested more than ${limits.depth} levels deep`);
    if (nodes > limits.nodes) throw unfit(what, `with more than ${limits.nodes} values`);
    const flaw = flawOf(next.value);
    if (flaw !== null) throw unfit(what, `with ${flaw}`);
    if (typeof next.value !== "object" || next.value === null) continue;
    const depth = next.depth + 1;
    for (const member of Object.values(next.value)) open.push({ value: member, depth });
  }
}

function flawOf(value: unknown): string | null {
  if (typeof value === "number" && !Number.isFinite(value)) return `the number ${value}`;
  if (typeof value === "string" && !value.isWellFormed()) return "half of a surrogate pair in a text";
  if (!isJsonObject(value)) return null;
  return Object.keys(value).every((name) => name.isWellFormed()) ? null : "half of a surrogate pair in a name";
}

function unfit(what: string, found: string): CliError {
  return new CliError({
    code: "input_invalid",
    message: `found ${what} ${found}, expected one that a release can hold`,
    hint: "leave it out with --tools-filter, or correct it at its source",
  });
}
