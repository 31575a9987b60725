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
  let spans: number[] = [];
  let isInName = false;
  return {
    name(from, to) {
      const last = spans.length - 4;
      // A name that two parts of the text share is told in two parts.
      if (isInName && spans[last + 1] === from) {
        spans[last + 1] = to;
        return;
      }
      spans.push(from, to, 0, 0);
      isInName = true;
    },
    value(from, to) {
      const last = spans.length - 4;
      if (isInName) spans[last + 2] = from;
      spans[last + 3] = to;
      isInName = false;
    },
    begin: () => spans[0] ?? Number.POSITIVE_INFINITY,
    of: (text) => fieldsAt(spans, text),
    clear() {
      spans = [];
      isInName = false;
    },
  };
}

function fieldsAt(spans: readonly number[], text: string): Fields {
  const names: string[] = [];
  const keys: string[] = [];
  const values: string[] = [];
  for (let at = 0; at < spans.length; at += 4) {
    const name = text.slice(spans[at], spans[at + 1]);
    names.push(name);
    keys.push(name.toLowerCase());
    values.push(withoutTrailingSpace(text.slice(spans[at + 2], spans[at + 3])));
  }
  return { names, keys, values };
}

function withoutTrailingSpace(value: string): string {
  const last = value.charCodeAt(value.length - 1);
  return last === 0x20 || last === 0x09 ? value.trimEnd() : value;
}
