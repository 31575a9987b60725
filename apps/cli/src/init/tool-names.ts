const MOST_CHARACTERS = 64;

export type NameGiver = (wanted: string) => string;

/**
 * Makes names that `agent.yaml` and the models' endpoints accept: letters, digits, dashes and underscores, at most 64.
 * No two differ only in the case of letters, since each also names a file.
 */
export function createNameGiver(taken: Iterable<string> = []): NameGiver {
  const used = new Set([...taken].map((name) => name.toLowerCase()));
  return (wanted) => {
    const base = toolName(wanted);
    let name = base;
    for (let count = 2; used.has(name.toLowerCase()); count += 1) {
      const ending = `_${count}`;
      name = `${base.slice(0, MOST_CHARACTERS - ending.length)}${ending}`;
    }
    used.add(name.toLowerCase());
    return name;
  };
}

/** The wanted name, in the characters that a tool's name may have. */
export function toolName(wanted: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(wanted)) return wanted;
  const name = wanted
    // Bounded before the work: a name may come from anywhere.
    .slice(0, 1_000)
    .replace(/[^A-Za-z0-9_-]+/g, "_")
    .replace(/^[_-]+/, "")
    .slice(0, MOST_CHARACTERS)
    .replace(/[_-]+$/, "");
  return name === "" ? "tool" : name;
}
