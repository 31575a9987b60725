import type { JsonValue } from "./canonical-json.ts";
import { note, readString, shown, skipBlanks, startOf, stop, take, type Cursor } from "./json-cursor.ts";
import { numberFlaw } from "./json-number.ts";
import { RELEASE_LIMITS } from "./limits.ts";
import { quoteName } from "./secrets.ts";
import { placeAt, type PlacedProblem, type TextPlace } from "./text-place.ts";

export type StrictJson =
  | {
      readonly kind: "read";
      readonly value: JsonValue;
      /** Where a path stands; for what is missing, the nearest thing above it. */
      readonly placeOf: (path: readonly (string | number)[]) => TextPlace;
    }
  | { readonly kind: "malformed"; readonly problems: readonly PlacedProblem[] };

/**
 * JSON (RFC 8259) that every reader understands alike and that writing back does not change: no name twice, no number
 * that a double does not keep, no half of a surrogate pair, no byte order mark, nothing nested too deeply, nothing behind
 * the value. `__proto__` is a name like any other. Every problem at once, up to the first error of syntax.
 */
export function readStrictJson(text: string): StrictJson {
  const cursor = startOf(text);
  if (text.startsWith("\uFEFF")) stop(cursor, "found a byte order mark, expected JSON without one");
  const value = readValue(cursor);
  skipBlanks(cursor);
  if (cursor.at < text.length) stop(cursor, `found ${shown(cursor)} behind the value, expected the end`);
  if (cursor.flaws.length === 0) {
    return { kind: "read", value, placeOf: (path) => placeAt(text, locate(text, path)) };
  }
  return { kind: "malformed", problems: cursor.flaws.map(({ at, message }) => ({ message, ...placeAt(text, at) })) };
}

function readValue(cursor: Cursor): JsonValue {
  skipBlanks(cursor);
  const first = cursor.text[cursor.at];
  if (first === "{") return readNested(cursor, readObject);
  if (first === "[") return readNested(cursor, readArray);
  if (first === '"') return readString(cursor);
  if (first === "-" || (first !== undefined && first >= "0" && first <= "9")) return readNumber(cursor);
  for (const [word, value] of WORDS) {
    if (cursor.text.startsWith(word, cursor.at)) {
      cursor.at += word.length;
      return value;
    }
  }
  stop(cursor, `found ${shown(cursor)}, expected a value`);
  return null;
}

const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

function readNested(cursor: Cursor, read: (cursor: Cursor) => JsonValue): JsonValue {
  if (cursor.depth === RELEASE_LIMITS.depth) {
    stop(cursor, `found more than ${RELEASE_LIMITS.depth} lists and objects in one another, expected fewer`);
    return null;
  }
  cursor.depth += 1;
  const value = read(cursor);
  cursor.depth -= 1;
  return value;
}

function readObject(cursor: Cursor): JsonValue {
  const object: Record<string, JsonValue> = {};
  for (const { name, at } of membersOf(cursor)) {
    if (Object.hasOwn(object, name)) note(cursor, at, `found the key ${quoteName(name)} twice, expected each key once`);
    const value = readValue(cursor);
    // Assigned, `__proto__` would set the prototype instead.
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

function readArray(cursor: Cursor): JsonValue {
  const items: JsonValue[] = [];
  for (const _ of itemsOf(cursor)) items.push(readValue(cursor));
  return items;
}

/** Each name of an object, with the cursor on its value, which whoever iterates has to read. */
function* membersOf(cursor: Cursor): Generator<{ readonly name: string; readonly at: number }> {
  for (const at of itemsOf(cursor, "}")) {
    if (cursor.text[at] !== '"') stop(cursor, `found ${shown(cursor)}, expected a key in double quotes`);
    const name = readString(cursor);
    skipBlanks(cursor);
    if (take(cursor, ":")) yield { name, at };
    else stop(cursor, `found ${shown(cursor)}, expected ":"`);
  }
}

/** The place of each item, with the cursor on it; whoever iterates has to read it. */
function* itemsOf(cursor: Cursor, end = "]"): Generator<number> {
  cursor.at += 1;
  skipBlanks(cursor);
  if (take(cursor, end)) return;
  while (!cursor.stopped) {
    skipBlanks(cursor);
    yield cursor.at;
    skipBlanks(cursor);
    if (take(cursor, end)) return;
    if (!take(cursor, ",")) stop(cursor, `found ${shown(cursor)}, expected "," or "${end}"`);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;

function readNumber(cursor: Cursor): JsonValue {
  NUMBER.lastIndex = cursor.at;
  const literal = NUMBER.exec(cursor.text)?.[0];
  if (literal === undefined) {
    stop(cursor, `found ${shown(cursor)}, expected a number`);
    return null;
  }
  const flaw = numberFlaw(literal);
  if (flaw !== null) note(cursor, cursor.at, flaw);
  cursor.at += literal.length;
  return Number(literal);
}

/** The offset of a path, found by reading the text again: places are asked for rarely, and need no memory this way. */
function locate(text: string, path: readonly (string | number)[]): number {
  const cursor = startOf(text);
  skipBlanks(cursor);
  let offset = cursor.at;
  for (const name of path) {
    const found = seek(cursor, name);
    if (found === null) break;
    offset = found;
    skipBlanks(cursor);
  }
  return offset;
}

function seek(cursor: Cursor, wanted: string | number): number | null {
  if (cursor.text[cursor.at] === "{") {
    for (const { name, at } of membersOf(cursor)) {
      if (name === String(wanted)) return at;
      readValue(cursor);
    }
  } else if (cursor.text[cursor.at] === "[") {
    let index = 0;
    for (const at of itemsOf(cursor)) {
      if (index === wanted) return at;
      index += 1;
      readValue(cursor);
    }
  }
  return null;
}
