import type { JsonValue } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { memberOf, textAt } from "./json-object.ts";

/** An OpenAPI document with everything that it refers to. Every place is a URL, those of files too. */
export type OpenApiSource = {
  readonly root: string;
  /** What was read, by URL without fragment. */
  readonly documents: ReadonlyMap<string, JsonValue>;
  /** Why a document that is referred to was not read, by URL without fragment. */
  readonly refused: ReadonlyMap<string, string>;
};

/** A part of a document: the value, the document that it stands in, and the one way to name it. */
export type Located = { readonly value: JsonValue; readonly base: string; readonly key: string };

const MOST_HOPS = 50;

/** What a `$ref` in the document `base` refers to. Throws `CliError` `input_invalid` when it is not there. */
export function resolveReference(source: OpenApiSource, ref: string, base: string): Located {
  const url = URL.canParse(ref, base) ? new URL(ref, base) : null;
  if (url === null) throw broken(ref, base, "expected a reference that is a URL or a JSON pointer");
  const pointer = decoded(url.hash.slice(1));
  url.hash = "";
  const document = source.documents.get(url.href);
  if (document === undefined)
    throw broken(ref, base, source.refused.get(url.href) ?? "expected a document to be there");
  const value = valueAt(document, pointer);
  if (value === undefined) throw broken(ref, base, "expected something to be there");
  return { value, base: url.href, key: `${url.href}#${pointer}` };
}

/** The value itself, or what it refers to, however many references that takes. */
export function followReferences(source: OpenApiSource, value: JsonValue, base: string): Located {
  let current: Located = { value, base, key: "" };
  for (let hops = 0; hops < MOST_HOPS; hops += 1) {
    const ref = memberOf(current.value, "$ref");
    if (typeof ref !== "string") return current;
    current = resolveReference(source, ref, current.base);
  }
  throw broken(textAt(value, "$ref") ?? "", base, "expected references to lead somewhere and not in circles");
}

function valueAt(document: JsonValue, pointer: string): JsonValue | undefined {
  if (pointer === "") return document;
  if (!pointer.startsWith("/")) return undefined;
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<JsonValue | undefined>(stepInto, document);
}

function stepInto(value: JsonValue | undefined, token: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^\d{1,6}$/.test(token) ? value[Number(token)] : undefined;
  return memberOf(value, token);
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    // A percent sign that stands for itself.
    return fragment;
  }
}

function broken(ref: string, base: string, expected: string): CliError {
  return new CliError({
    code: "input_invalid",
    message: `found the reference ${JSON.stringify(ref.slice(0, 300))} in ${base}, ${expected}`,
    hint: "correct the document, or leave the operation out with --tools-filter",
  });
}
