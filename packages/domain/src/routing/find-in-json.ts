export type FoundInJson =
  | { readonly kind: "found"; readonly value: string }
  /** No such place, or nothing there yet: null, an empty string, cut off before its end. */
  | { readonly kind: "absent" }
  /** Something is there that cannot be an id. */
  | { readonly kind: "unusable"; readonly found: string };

const ABSENT: FoundInJson = { kind: "absent" };

/**
 * The string or number at an RFC 6901 pointer. The JSON may be cut off anywhere: what stands before the cut is found, so
 * that a conversation whose body grew long keeps its id. Of duplicate keys the first counts.
 */
export function findInJson(json: string, pointer: string): FoundInJson {
  const at = placeOf(json, pointer);
  return at === null ? ABSENT : valueAt(json, at);
}

/**
 * The same JSON with a string put in the place of the value that `findInJson` finds there; byte for byte as it was otherwise.
 * Where nothing is found it stays as it is.
 */
export function replaceInJson(json: string, pointer: string, value: string): string {
  const at = placeOf(json, pointer);
  const end = at === null ? null : endOfValue(json, at);
  if (at === null || end === null) return json;
  return json.slice(0, at) + JSON.stringify(value) + json.slice(end);
}

function placeOf(json: string, pointer: string): number | null {
  let at: number | null = skipSpace(json, 0);
  for (const token of tokensOf(pointer)) {
    at = json[at] === "{" ? memberAt(json, at, token) : elementAt(json, at, token);
    if (at === null) return null;
  }
  return at;
}

function tokensOf(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueAt(json: string, at: number): FoundInJson {
  const end = endOfValue(json, at);
  if (end === null) return ABSENT;
  const text = json.slice(at, end);
  if (text === "null" || text === '""') return ABSENT;
  if (/^-?\d+$/.test(text)) return { kind: "found", value: text };
  const value = text.startsWith('"') ? unquote(text) : null;
  return value === null ? { kind: "unusable", found: text.slice(0, 40) } : { kind: "found", value };
}

/** Where the value of an object's member starts. */
function memberAt(json: string, objectAt: number, name: string): number | null {
  let at = skipSpace(json, objectAt + 1);
  while (json[at] === '"') {
    const nameEnd = endOfString(json, at);
    if (nameEnd === null) return null;
    const colon = skipSpace(json, nameEnd);
    if (json[colon] !== ":") return null;
    const value = skipSpace(json, colon + 1);
    if (unquote(json.slice(at, nameEnd)) === name) return value;
    const next = nextItem(json, value);
    if (next === null) return null;
    at = next;
  }
  return null;
}

/** Where an array's element starts. */
function elementAt(json: string, arrayAt: number, token: string): number | null {
  if (json[arrayAt] !== "[" || !/^(?:0|[1-9]\d{0,5})$/.test(token)) return null;
  let at: number | null = skipSpace(json, arrayAt + 1);
  for (let index = 0; index < Number(token); index += 1) {
    at = nextItem(json, at);
    if (at === null) return null;
  }
  return json[at] === "]" ? null : at;
}

/** Where the item after this one starts; null when it was the last. */
function nextItem(json: string, at: number): number | null {
  const end = endOfValue(json, at);
  if (end === null) return null;
  const comma = skipSpace(json, end);
  return json[comma] === "," ? skipSpace(json, comma + 1) : null;
}

function endOfValue(json: string, at: number): number | null {
  if (json[at] === '"') return endOfString(json, at);
  if (json[at] === "{" || json[at] === "[") return endOfNesting(json, at);
  let end = at;
  while (end < json.length && !',]} \t\r\n:"'.includes(json.charAt(end))) end += 1;
  // A number at the very end may go on behind the cut.
  return end === at || end === json.length ? null : end;
}

function endOfNesting(json: string, start: number): number | null {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const character = json.charAt(at);
    if (character === '"') {
      const end = endOfString(json, at);
      if (end === null) return null;
      at = end;
      continue;
    }
    if (character === "{" || character === "[") depth += 1;
    if (character === "}" || character === "]") depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return null;
}

function endOfString(json: string, at: number): number | null {
  for (let end = at + 1; end < json.length; end += 1) {
    const character = json[end];
    if (character === '"') return end + 1;
    if (character === "\\") end += 1;
  }
  return null;
}

function unquote(quoted: string): string | null {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    // A malformed escape: whoever wrote it did not mean an id.
    return null;
  }
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && " \t\r\n".includes(json.charAt(at))) at += 1;
  return at;
}
