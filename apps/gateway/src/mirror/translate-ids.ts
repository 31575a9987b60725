import {
  extractSession,
  findInJson,
  looksIntoBody,
  replaceInJson,
  type FoundInJson,
  type RequestHead,
  type SessionExtractor,
} from "@perch/domain";
import { fieldOf, type Fields } from "../http1/fields.ts";
import type { PairedIds } from "./paired-ids.ts";

/** A request as an agent would get it. */
export type Addressed = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly fields: Fields;
  readonly body: Buffer;
};

export type Translation =
  | { readonly kind: "translated"; readonly request: Addressed }
  /** It names the session by an id that means nothing to the shadow. */
  | { readonly kind: "unknown" };

export type TranslateInto = {
  readonly extractors: readonly SessionExtractor[];
  readonly session: string;
  readonly ids: Pick<PairedIds, "shadowOf">;
};

/** Puts the shadow's ids in the places of those that the user's agent gave, wherever the session's id is looked for. */
export function translateIds(request: Addressed, { extractors, session, ids }: TranslateInto): Translation {
  let translated = request;
  let isFirst = true;
  for (const extractor of extractors) {
    const found = find(extractor, translated);
    if (found.kind !== "found") continue;
    const shadow = ids.shadowOf(found.value);
    // What decided whose request this is has to be the session itself, or one of its ids that are known here.
    if (shadow === null || (shadow === undefined && isFirst && found.value !== session)) return { kind: "unknown" };
    isFirst = false;
    if (shadow === undefined || shadow === found.value) continue;
    const replaced = replace(extractor, translated, { from: found.value, to: shadow });
    if (replaced === null) return { kind: "unknown" };
    translated = replaced;
  }
  return { kind: "translated", request: translated };
}

function find(extractor: SessionExtractor, request: Addressed): FoundInJson {
  const head: RequestHead = { ...request, header: (name) => fieldOf(request.fields, name) };
  if (extractor.kind === "json") {
    if (!looksIntoBody(extractor, head)) return { kind: "absent" };
    return findInJson(request.body.toString("latin1"), inLatin1(extractor.pointer));
  }
  const body = looksIntoBody(extractor, head) ? request.body.toString("utf8") : "";
  return extractSession(extractor, { head, agentPath: request.path, body, frame: "" });
}

/** Null where an id cannot be replaced: a token is signed, and of several ids together it is not known which is which. */
function replace(extractor: SessionExtractor, request: Addressed, { from, to }: Change): Addressed | null {
  switch (extractor.kind) {
    case "header":
      return { ...request, fields: withValue(request.fields, extractor.name.toLowerCase(), to) };
    case "query":
      return { ...request, query: withParameter(request.query, extractor.name, to) };
    case "path":
      return { ...request, path: withSegment(request.path, extractor.template, to) };
    case "json": {
      const text = replaceInJson(request.body.toString("latin1"), inLatin1(extractor.pointer), to);
      return { ...request, body: Buffer.from(text, "latin1") };
    }
    case "cookie": {
      const cookies = fieldOf(request.fields, "cookie") ?? "";
      const parts = cookies.split(";").map((part) => withCookie(part, extractor.name, { from, to }));
      return { ...request, fields: withValue(request.fields, "cookie", parts.join(";")) };
    }
    case "jwt":
    case "wsFrame":
    case "composite":
      return null;
  }
}

type Change = { readonly from: string; readonly to: string };

/** One byte a character, so that everything but the id stays as it is, whatever it is. */
function inLatin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The first field of that name has the value, and others of that name are gone. */
function withValue({ names, keys, values }: Fields, key: string, value: string): Fields {
  const first = keys.indexOf(key);
  const at = [...keys.keys()].filter((index) => keys[index] !== key || index === first);
  return {
    names: at.map((index) => names[index] ?? ""),
    keys: at.map((index) => keys[index] ?? ""),
    values: at.map((index) => (index === first ? value : (values[index] ?? ""))),
  };
}

function withParameter(query: string, name: string, value: string): string {
  const parameters = new URLSearchParams(query);
  parameters.set(name, value);
  return `?${parameters.toString()}`;
}

function withSegment(path: string, template: string, value: string): string {
  const at = template.split("/").indexOf("{session}");
  return path
    .split("/")
    .map((segment, index) => (index === at ? encodeURIComponent(value) : segment))
    .join("/");
}

function withCookie(part: string, name: string, { from, to }: Change): string {
  const [key = "", ...rest] = part.split("=");
  return key.trim() === name && rest.join("=").includes(from) ? `${key}=${to}` : part;
}
