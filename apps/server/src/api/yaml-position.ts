import { isMap, isNode, isPair, isSeq, LineCounter, parseDocument, type Document } from "yaml";

export type Place = { readonly line: number; readonly column: number };
export type PlacedProblem = Place & { readonly message: string };

export type ReadYaml =
  | { readonly kind: "value"; readonly value: unknown; readonly placeOf: (path: readonly (string | number)[]) => Place }
  | { readonly kind: "malformed"; readonly problems: readonly PlacedProblem[] };

/** Reads YAML, and JSON with it, and remembers where everything stood. */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({ message: error.message, ...placeAt(error.pos[0]) }));
    return { kind: "malformed", problems };
  }
  try {
    // Refuses a file whose aliases multiply out of hand.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { kind: "value", value, placeOf: (path) => placeAt(offsetOf(document, path)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "malformed", problems: [{ message, line: 1, column: 1 }] };
  }
}

/** Where the last part of the path stands; for what is missing, where the nearest thing around it begins. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const pair = isMap(node) ? node.items.find((item) => isPair(item) && keyOf(item.key) === String(part)) : undefined;
    const next = pair === undefined ? undefined : pair.value;
    const item = isSeq(node) && typeof part === "number" ? node.items[part] : next;
    if (pair === undefined && item === undefined) return offset;
    offset = startOf(pair?.key) ?? startOf(item) ?? offset;
    node = item;
  }
  return offset;
}

function keyOf(key: unknown): string {
  return typeof key === "object" && key !== null && "value" in key ? String(key.value) : String(key);
}

function startOf(node: unknown): number | null {
  return isNode(node) && node.range ? node.range[0] : null;
}
