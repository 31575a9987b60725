import { RoutingError } from "./error.ts";

/** What a pattern means. `edge` looks at the characters before and after a place; either is empty at an end of the text. */
export type PatternNode =
  | { readonly kind: "character"; readonly fits: (character: string) => boolean }
  | { readonly kind: "edge"; readonly fits: (before: string, after: string) => boolean }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly mark: "*" | "+" | "?"; readonly part: PatternNode };

const LONGEST = 200;
const SETS: Readonly<Record<string, RegExp>> = { d: /\p{Nd}/u, w: /[\p{L}\p{N}_]/u, s: /\s/u };
const [SPECIAL, ESCAPABLE] = [/[*+?{})\]]/, /[^\p{L}\p{N}\s]/u];

type Reader = { readonly characters: readonly string[]; at: number };

/**
 * Of regular expressions: characters, `.`, `[a-z]`, `[^a-z]`, `\d`, `\w`, `\s`, `\b`, `^`, `$`, `( )`, `|`, `*`, `+`, `?`.
 * No back references, no looking around, no counts: what is left can be matched in time that grows with the text only.
 * Throws `RoutingError` `rule_malformed`.
 */
export function parseLinearPattern(pattern: string): PatternNode {
  const reader: Reader = { characters: Array.from(pattern), at: 0 };
  if (pattern === "" || reader.characters.length > LONGEST) throw malformed(pattern, `1 to ${LONGEST} characters`);
  try {
    const node = choice(reader);
    if (reader.at < reader.characters.length) throw new Unreadable('no ")" without a "("');
    return node;
  } catch (error) {
    if (error instanceof Unreadable) throw malformed(pattern, `${error.message} at character ${reader.at + 1}`);
    throw error;
  }
}

class Unreadable extends Error {}

function choice(reader: Reader): PatternNode {
  const parts = [sequence(reader)];
  while (peek(reader) === "|") {
    reader.at += 1;
    parts.push(sequence(reader));
  }
  return { kind: "choice", parts };
}

function sequence(reader: Reader): PatternNode {
  const parts: PatternNode[] = [];
  for (let next = peek(reader); next !== "" && next !== "|" && next !== ")"; next = peek(reader)) {
    const part = atom(reader);
    const mark = peek(reader);
    if (mark !== "*" && mark !== "+" && mark !== "?") {
      parts.push(part);
      continue;
    }
    reader.at += 1;
    if (part.kind === "edge") throw new Unreadable("something to repeat");
    parts.push({ kind: "repeat", mark, part });
  }
  return { kind: "sequence", parts };
}

function atom(reader: Reader): PatternNode {
  const character = take(reader);
  switch (character) {
    case "(":
      return group(reader);
    case "[":
      return { kind: "character", fits: characterClass(reader) };
    case ".":
      return { kind: "character", fits: () => true };
    case "^":
      return { kind: "edge", fits: (before) => before === "" };
    case "$":
      return { kind: "edge", fits: (_before, after) => after === "" };
    case "\\":
      return escaped(take(reader));
    default:
      if (SPECIAL.test(character)) throw new Unreadable(`a backslash before ${JSON.stringify(character)}`);
      return { kind: "character", fits: same(character) };
  }
}

function group(reader: Reader): PatternNode {
  if (peek(reader) === "?") throw new Unreadable("a plain group");
  const inner = choice(reader);
  if (take(reader) !== ")") throw new Unreadable('a ")"');
  return inner;
}

function escaped(character: string): PatternNode {
  if (character === "b") return { kind: "edge", fits: (before, after) => isWord(before) !== isWord(after) };
  return { kind: "character", fits: setOrSame(character) };
}

function setOrSame(character: string): (character: string) => boolean {
  const set = Object.hasOwn(SETS, character) ? SETS[character] : undefined;
  if (set !== undefined) return (found) => set.test(found);
  if (character === "" || !ESCAPABLE.test(character)) throw new Unreadable("\\d, \\w, \\s, \\b or an escaped sign");
  return same(character);
}

function characterClass(reader: Reader): (character: string) => boolean {
  const isNegated = peek(reader) === "^";
  if (isNegated) reader.at += 1;
  const members: ((character: string) => boolean)[] = [];
  for (let next = take(reader); next !== "]"; next = take(reader)) {
    if (next === "") throw new Unreadable('a "]"');
    members.push(next === "\\" ? setOrSame(take(reader)) : rangeOrSame(next, reader));
  }
  if (members.length === 0) throw new Unreadable('something between "[" and "]"');
  return (character) => members.some((fits) => fits(character)) !== isNegated;
}

function rangeOrSame(first: string, reader: Reader): (character: string) => boolean {
  const last = reader.characters[reader.at + 1];
  if (peek(reader) !== "-" || last === undefined || last === "]") return same(first);
  reader.at += 2;
  const [from, to] = [first.toLowerCase(), last.toLowerCase()];
  if (from > to || last === "\\") throw new Unreadable("a range from a smaller to a larger character");
  return (character) => character >= from && character <= to;
}

/** The text is in lower case. */
function same(character: string): (found: string) => boolean {
  const wanted = character.toLowerCase();
  return (found) => found === wanted;
}

function isWord(character: string): boolean {
  return SETS["w"]?.test(character) === true;
}

function peek({ characters, at }: Reader): string {
  return characters[at] ?? "";
}

function take(reader: Reader): string {
  const character = peek(reader);
  reader.at += 1;
  return character;
}

function malformed(pattern: string, expected: string): RoutingError {
  return new RoutingError({
    code: "rule_malformed",
    message: `found the pattern ${JSON.stringify(pattern.slice(0, LONGEST))}, expected ${expected}`,
    hint: "of regular expressions . [ ] ^ $ ( ) | * + ? and \\d \\w \\s \\b can be used",
  });
}
