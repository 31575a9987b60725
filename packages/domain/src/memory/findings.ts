/** One thing found when two schemas were compared: the path of the field, and a sentence about it. */
export type Finding = { readonly path: string; readonly message: string };

export type Compatibility =
  | { readonly kind: "compatible"; readonly notes: readonly Finding[] }
  | { readonly kind: "incompatible"; readonly problems: readonly Finding[]; readonly notes: readonly Finding[] };

/** Collects what a check finds. */
export type Findings = {
  /** Records of the writer that the reader cannot read, or reads as something else. */
  readonly problem: (path: string, message: string) => void;
  /** What can be read and is worth knowing. */
  readonly note: (path: string, message: string) => void;
  readonly compatibility: () => Compatibility;
};

const MOST = 200;

export function createFindings(): Findings {
  const [problems, notes] = [bounded(), bounded()];
  return {
    problem: problems.add,
    note: notes.add,
    compatibility: () =>
      problems.list().length === 0
        ? { kind: "compatible", notes: notes.list() }
        : { kind: "incompatible", problems: problems.list(), notes: notes.list() },
  };
}

function bounded(): { add: (path: string, message: string) => void; list: () => readonly Finding[] } {
  const found: Finding[] = [];
  let left = 0;
  return {
    add(path, message) {
      if (found.length < MOST) found.push({ path, message });
      else left += 1;
    },
    list: () => (left === 0 ? found : [...found, { path: "$", message: `and ${left} more` }]),
  };
}
