import { isSemanticVersion } from "./reference.ts";
import { compareVersions } from "./version-precedence.ts";

type Comparator = { readonly sign: "<" | "<=" | ">" | ">=" | "="; readonly version: string };
/** Alternatives, each a list of conditions that hold together. */
export type VersionRange = readonly (readonly Comparator[])[];

/**
 * A range of semantic versions: `1.4.2`, `>=1.0.0 <2.0.0`, `^1.2.0` (up to the next major), `~1.2.0` (up to the next
 * minor), alternatives with `||`. Versions are compared by precedence alone, so a prerelease lies in a range like any
 * other version. Null for a text that is none.
 */
export function parseVersionRange(text: string): VersionRange | null {
  if (text.length > 500) return null;
  const alternatives = text.split("||").map((part) => parseAlternative(part.trim()));
  return alternatives.every((alternative) => alternative !== null) ? alternatives : null;
}

export function isInVersionRange(version: string, range: VersionRange): boolean {
  return range.some((comparators) => comparators.every((comparator) => holds(version, comparator)));
}

function parseAlternative(text: string): readonly Comparator[] | null {
  const comparators = text.split(/\s+/).map(parseComparator);
  return comparators.every((comparator) => comparator !== null) ? comparators.flat() : null;
}

function parseComparator(text: string): readonly Comparator[] | null {
  const [, sign = "", version = ""] = /^(<=|>=|<|>|=|\^|~|)(.*)$/.exec(text) ?? [];
  if (!isSemanticVersion(version)) return null;
  switch (sign) {
    case "^":
      return [
        { sign: ">=", version },
        { sign: "<", version: nextBreaking(version) },
      ];
    case "~":
      return [
        { sign: ">=", version },
        { sign: "<", version: next(version, 1) },
      ];
    case "<":
    case "<=":
    case ">":
    case ">=":
      return [{ sign, version }];
    default:
      return [{ sign: "=", version }];
  }
}

// Before 1.0.0 every minor version may break; before 0.1.0 every patch.
function nextBreaking(version: string): string {
  const leading =
    version
      .split(/[-+]/)[0]
      ?.split(".")
      .findIndex((part) => part !== "0") ?? 0;
  return next(version, leading < 0 ? 2 : leading);
}

// With the lowest prerelease there is, so that no prerelease of the next version is let in.
function next(version: string, part: number): string {
  const core = (version.split(/[-+]/)[0] ?? "").split(".").map((number) => BigInt(number));
  const raised = core.map((number, index) => {
    if (index === part) return number + 1n;
    return index < part ? number : 0n;
  });
  return `${raised.join(".")}-0`;
}

function holds(version: string, { sign, version: bound }: Comparator): boolean {
  const order = compareVersions(version, bound);
  switch (sign) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "=":
      return order === 0;
  }
}
