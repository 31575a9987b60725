import { isNode, isMap, LineCounter, parseDocument, type Document } from "yaml";

export type Place = { readonly line: number; readonly column: number };

export type YamlText =
  | { readonly kind: "read"; readonly value: unknown; readonly placeOf: (path: readonly (string | number)[]) => Place }
  | { readonly kind: "malformed"; readonly problems: readonly (Place & { readonly message: string })[] };

/**
 * What people write by hand, and JSON with it. YAML 1.2 without surprises: one document, no key twice, no tag of unknown
 * meaning. Every syntax problem at once; a path of names and indexes gives its place, or that of the nearest thing above.
 */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const flaws = [...document.errors, ...document.warnings];
  if (flaws.length > 0) {
    return {
      kind: "malformed",
      problems: flaws.map((flaw) => ({ message: flaw.message, ...place(lines, flaw.pos[0]) })),
    };
  }
  try {
    // Bounded, so that aliases of aliases cannot grow without end.
    const value: unknown = document.toJS({ maxAliasCount: 50 });
    return { kind: "read", value, placeOf: (path) => place(lines, offsetOf(document, path)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "malformed", problems: [{ message, line: 1, column: 1 }] };
  }
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
