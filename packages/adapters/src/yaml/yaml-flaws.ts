import { numberFlaw, RELEASE_LIMITS, quoteName } from "@perch/domain";
import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  Scalar,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";

/** What is wrong, and the offset in the text where it is. */
export type YamlFlaw = { readonly message: string; readonly offset: number };

type Visit = { readonly flaws: YamlFlaw[]; readonly anchors: Set<string>; aliases: number };

// Following one takes time that grows with the number of those before it.
const MAX_ALIASES = 100;

/**
 * What YAML allows and people are surprised by, or JSON could not say: a key twice or one that is no string, merge keys,
 * tags, directives, numbers that lose digits, aliases and levels without end.
 */
export function findYamlFlaws(document: Document): readonly YamlFlaw[] {
  const visit: Visit = { flaws: [], anchors: new Set(), aliases: 0 };
  // `%YAML 1.1` would turn `no` into false.
  if (document.directives?.yaml.explicit === true) complain(visit, 0, "found a directive, expected none");
  if (document.contents !== null) visitNode(document.contents, 0, visit);
  return visit.flaws.slice(0, RELEASE_LIMITS.problems);
}

function visitNode(node: unknown, depth: number, visit: Visit): void {
  if (visit.flaws.length >= RELEASE_LIMITS.problems) return;
  if (isAlias(node)) return checkAlias(node, visit);
  if (!isScalar(node) && !isCollection(node)) return;
  if (node.anchor !== undefined) visit.anchors.add(node.anchor);
  if (typeof node.tag === "string") complain(visit, offsetOf(node), "found a tag, expected a value without one");
  if (isCollection(node)) return visitCollection(node, depth, visit);
  const flaw = scalarFlaw(node);
  if (flaw !== null) complain(visit, offsetOf(node), flaw);
}

function visitCollection(node: YAMLMap | YAMLSeq, depth: number, visit: Visit): void {
  const { depth: most } = RELEASE_LIMITS;
  if (depth === most) {
    complain(visit, offsetOf(node), `found more than ${most} lists and maps in one another, expected fewer`);
    return;
  }
  if (isMap(node)) checkKeys(node.items, offsetOf(node), visit);
  for (const item of node.items) visitNode(isPair(item) ? item.value : item, depth + 1, visit);
}

function checkAlias(node: Alias, visit: Visit): void {
  if (!visit.anchors.has(node.source)) {
    complain(
      visit,
      offsetOf(node),
      `found an alias of ${quoteName(node.source)}, expected an anchor of that name before it`,
    );
  }
  visit.aliases += 1;
  if (visit.aliases !== MAX_ALIASES + 1) return;
  complain(visit, offsetOf(node), `found more than ${MAX_ALIASES} aliases, expected fewer: write the values out`);
}

function checkKeys(pairs: readonly Pair[], offset: number, visit: Visit): void {
  const seen = new Set<string>();
  for (const { key } of pairs) {
    const at = isScalar(key) || isCollection(key) || isAlias(key) ? offsetOf(key) : offset;
    if (!isScalar(key) || typeof key.value !== "string") {
      complain(visit, at, "found a key that is no string, expected one: write it in quotes");
      continue;
    }
    if (typeof key.tag === "string") complain(visit, at, "found a tag, expected a key without one");
    if (key.value === "<<" && key.type === Scalar.PLAIN) {
      complain(visit, at, "found a merge key, expected the fields themselves: YAML 1.2 has no merging");
    }
    if (!key.value.isWellFormed()) complain(visit, at, HALF);
    if (seen.has(key.value)) complain(visit, at, `found the key ${quoteName(key.value)} twice, expected each key once`);
    seen.add(key.value);
  }
}

const HALF = "found a string with half of a surrogate pair, expected Unicode text";

function scalarFlaw({ value, source }: Scalar): string | null {
  if (typeof value === "string") return value.isWellFormed() ? null : HALF;
  if (typeof value !== "number" || source === undefined) return null;
  if (/^[-+]?0[xo]/i.test(source)) return Number.isSafeInteger(value) ? null : numberFlaw(String(value));
  if (/^[-+]?0\d/.test(source))
    return `found the number ${source.slice(0, 60)}, expected no leading zero, or quotes around it`;
  return numberFlaw(source);
}

function offsetOf(node: Pick<Node, "range">): number {
  return node.range?.[0] ?? 0;
}

function complain(visit: Visit, offset: number, message: string): void {
  visit.flaws.push({ message, offset });
}
