import { isDeeperThan, isJsonObject, memberOf, sameJson, shortJson, type JsonObject } from "../json-schema/json.ts";
import { memberPath } from "../json-schema/schema-change.ts";
import type { JsonValue } from "../release/canonical-json.ts";

/** A value that differs, as JSON text that may be cut; null where there is none. */
export type ValueChange = { readonly path: string; readonly from: string | null; readonly to: string | null };

const DEEPEST = 100;
const MOST = 200;

/** The values of two JSON objects that differ, each by its path. An array counts as one value. */
export function diffJson(before: JsonObject, after: JsonObject): readonly ValueChange[] {
  if (sameJson(before, after)) return [];
  if (isDeeperThan(before, DEEPEST) || isDeeperThan(after, DEEPEST)) {
    return [{ path: "$", from: "a deeply nested value", to: "another one" }];
  }
  const changes: ValueChange[] = [];
  compare({ before, after }, "", changes);
  if (changes.length <= MOST) return changes;
  return [...changes.slice(0, MOST), { path: "$", from: null, to: `${changes.length - MOST} values more` }];
}

function compare(pair: { before: JsonObject; after: JsonObject }, path: string, changes: ValueChange[]): void {
  for (const name of new Set([...Object.keys(pair.before), ...Object.keys(pair.after)])) {
    const [before, after] = [memberOf(pair.before, name), memberOf(pair.after, name)];
    const at = path === "" ? name : memberPath(path, name);
    if (sameJson(before, after)) continue;
    if (isJsonObject(before) && isJsonObject(after)) compare({ before, after }, at, changes);
    else changes.push({ path: at, from: textOf(before), to: textOf(after) });
  }
}

function textOf(value: JsonValue | undefined): string | null {
  return value === undefined ? null : shortJson(value);
}
