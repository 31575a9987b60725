import { RELEASE_LIMITS } from "@perch/domain";
import { isNode, isMap, LineCounter, parseDocument, visit, type Document, type YAMLError } from "yaml";
import { findYamlFlaws, type YamlFlaw } from "./yaml-flaws.ts";

export type Place = { readonly line: number; readonly column: number };

export type YamlText =
  | { readonly kind: "read"; readonly value: unknown; readonly placeOf: (path: readonly (string | number)[]) => Place }
  | { readonly kind: "malformed"; readonly problems: readonly (Place & { readonly message: string })[] };

/**
 * What people write by hand, and JSON with it. YAML 1.2 without surprises: one document, no key twice, no tags, no numbers
 * that lose digits. Every problem at once; a path of names and indexes gives its place, or that of the nearest thing above.
 */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  // Keys given twice are found below: the parser compares every key with every other.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const mistakes = [...document.errors, ...document.warnings].slice(0, RELEASE_LIMITS.problems).map(syntaxFlaw);
  const flaws = [...mistakes, ...findYamlFlaws(document)].toSorted((a, b) => a.offset - b.offset);
  if (flaws.length > 0) {
    return { kind: "malformed", problems: flaws.map(({ message, offset }) => ({ message, ...place(lines, offset) })) };
  }
  try {
    // Bounded, so that aliases of aliases cannot grow without end.
    const value: unknown = document.toJS({ maxAliasCount: 50 });
    return { kind: "read", value, placeOf: (path) => place(lines, offsetOf(document, path)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "malformed", problems: [{ message, ...place(lines, firstAlias(document)) }] };
  }
}

function firstAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias(_, { range }) {
      offset = range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

// The parser's words; cut, since some repeat what they found.
function syntaxFlaw({ message, pos }: YAMLError): YamlFlaw {
  if (message.startsWith("Maximum call stack")) {
    return { message: "found lists and maps in one another without end, expected fewer", offset: pos[0] };
  }
  return { message: message.length > 120 ? `${message.slice(0, 119)}…` : message, offset: pos[0] };
}

// The key of the last name where there is one, since that is what a person looks for; else the nearest thing above.
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const name = path[length - 1];
    const key = isMap(parent)
      ? parent.items.map((item) => item.key).find((key) => keyText(key) === String(name))
      : null;
    if (isNode(key) && key.range) return key.range[0];
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyText(key: unknown): string | null {
  if (!isNode(key)) return null;
  const value: unknown = key.toJSON();
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function place(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  // The line counter knows no line at all in an empty text.
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
