/** Header fields or trailers in the order and case in which they were sent; `keys` are the names in lower case. */
export type Fields = {
  readonly names: readonly string[];
  readonly keys: readonly string[];
  readonly values: readonly string[];
};

export const NO_FIELDS: Fields = { names: [], keys: [], values: [] };

/** A field by its lower-case name, undefined without one; several of one name as HTTP joins them: `a, b`, cookies `a; b`. */
export function fieldOf({ keys, values }: Fields, key: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index < keys.length; index += 1) {
    if (keys[index] !== key) continue;
    const value = values[index] ?? "";
    found = found === undefined ? value : `${found}${key === "cookie" ? "; " : ", "}${value}`;
  }
  return found;
}

export function countOf({ keys }: Fields, key: string): number {
  let count = 0;
  for (const one of keys) if (one === key) count += 1;
  return count;
}

/** Gathers where fields stand in a text of which a parser sees part after part. */
export type FieldSpans = {
  name(from: number, to: number): void;
  value(from: number, to: number): void;
  /** Where the first name begins; Infinity without one. */
  begin(): number;
  /** The fields that were found in this text. */
  of(text: string): Fields;
  clear(): void;
};

export function createFieldSpans(): FieldSpans {
  // Four numbers a field: its name from and to, its value from and to.
  const spans: number[] = [];
  let used = 0;
  let isInName = false;
  let before = NO_FIELDS;
  return {
    name(from, to) {
      // A name that two parts of the text share is told in two parts.
      if (isInName && spans[used - 3] === from) {
        spans[used - 3] = to;
        return;
      }
      spans[used] = from;
      spans[used + 1] = to;
      spans[used + 2] = 0;
      spans[used + 3] = 0;
      used += 4;
      isInName = true;
    },
    value(from, to) {
      if (isInName) spans[used - 2] = from;
      spans[used - 1] = to;
      isInName = false;
    },
    begin: () => (used === 0 ? Number.POSITIVE_INFINITY : (spans[0] ?? 0)),
    of(text) {
      const { names, keys } = namesAt(spans, { used, text, before });
      before = { names, keys, values: valuesAt(spans, used, text) };
      return before;
    },
    clear() {
      used = 0;
      isInName = false;
    },
  };
}

type Names = Pick<Fields, "names" | "keys">;

/** A connection's messages have the same names in the same order, most of the time: then the strings are the same too. */
function namesAt(
  spans: readonly number[],
  { used, text, before }: { readonly used: number; readonly text: string; readonly before: Names },
): Names {
  if (areNamesAt(spans, { used, text, names: before.names })) return before;
  const names: string[] = [];
  const keys: string[] = [];
  for (let at = 0; at < used; at += 4) {
    const name = text.slice(spans[at], spans[at + 1]);
    names.push(name);
    keys.push(name.toLowerCase());
  }
  return { names, keys };
}

function areNamesAt(
  spans: readonly number[],
  { used, text, names }: { readonly used: number; readonly text: string; readonly names: readonly string[] },
): boolean {
  if (used !== 4 * names.length) return false;
  for (let index = 0; index < names.length; index += 1) {
    const [from, to, name] = [spans[4 * index] ?? 0, spans[4 * index + 1] ?? 0, names[index] ?? ""];
    if (to - from !== name.length || !text.startsWith(name, from)) return false;
  }
  return true;
}

function valuesAt(spans: readonly number[], used: number, text: string): readonly string[] {
  const values: string[] = [];
  for (let at = 2; at < used; at += 4) values.push(withoutTrailingSpace(text.slice(spans[at], spans[at + 1])));
  return values;
}

function withoutTrailingSpace(value: string): string {
  const last = value.charCodeAt(value.length - 1);
  // Spaces and tabs only: what else looks like a space is part of the value.
  return last === 0x20 || last === 0x09 ? value.replace(/[ \t]+$/, "") : value;
}
