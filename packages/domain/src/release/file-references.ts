export type FileReference = { readonly path: readonly (string | number)[]; readonly file: string };

/** Every file that an `agent.yaml` names, read leniently: also from one that has problems elsewhere. */
export function fileReferences(value: unknown): readonly FileReference[] {
  const places = [
    ...indexed(value, "prompts").map((path) => [...path, "file"]),
    ...indexed(value, "tools").flatMap((path) => [
      [...path, "parameters", "file"],
      [...path, "result", "file"],
    ]),
    ["spec", "memory", "schema", "file"],
  ];
  return places.flatMap((path) => {
    const file = valueAt(value, path);
    return typeof file === "string" ? [{ path, file }] : [];
  });
}

/** The directory that `spec.orchestration` names; null when it names none. */
export function orchestrationDirectory(value: unknown): string | null {
  const directory = valueAt(value, ["spec", "orchestration", "directory"]);
  return typeof directory === "string" ? directory : null;
}

function indexed(value: unknown, list: string): readonly (readonly (string | number)[])[] {
  const items = valueAt(value, ["spec", list]);
  return Array.isArray(items) ? items.map((_, index) => ["spec", list, index]) : [];
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Object.hasOwn(current, key) ? Reflect.get(current, key) : undefined;
  }
  return current;
}
