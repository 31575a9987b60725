/** Orders semantic versions by semver.org item 11; build metadata, which has no precedence, breaks ties by its text. */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [split(a), split(b)];
  return (
    compareLists(first.core, second.core) || comparePrerelease(first.prerelease, second.prerelease) || compareText(a, b)
  );
}

function split(version: string): { core: readonly string[]; prerelease: readonly string[] } {
  const [released = ""] = version.split("+", 1);
  const dash = released.indexOf("-");
  if (dash < 0) return { core: released.split("."), prerelease: [] };
  return { core: released.slice(0, dash).split("."), prerelease: released.slice(dash + 1).split(".") };
}

// A version without a prerelease comes after all of its prereleases.
function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  return compareLists(a, b);
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: string, b: string): number {
  const [isNumber, otherIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  // Numbers of any length: compared by length, then by digits, since a semantic version has no leading zeros.
  if (isNumber && otherIsNumber) return a.length - b.length || compareText(a, b);
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
  return compareText(a, b);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
