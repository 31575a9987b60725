/** What a file is to the release, and so what it has to hold. */
export type FileRole =
  "prompt" | "few-shot" | "parameters" | "result" | "openapi" | "json-schema" | "avro" | "protobuf" | "translator";

export type FileReference = {
  readonly path: readonly (string | number)[];
  /** Relative to the directory of `agent.yaml`. */
  readonly file: string;
  readonly role: FileRole;
};

type Path = readonly (string | number)[];

/** Every file that an `agent.yaml` names, read leniently: also from one that has problems elsewhere. */
export function fileReferences(value: unknown): readonly FileReference[] {
  const named = (path: Path, role: FileRole): readonly FileReference[] => {
    const file = valueAt(value, [...path, "file"]);
    return typeof file === "string" ? [{ path: [...path, "file"], file, role }] : [];
  };
  const schema = ["spec", "memory", "schema"];
  return [
    ...indexed(value, ["spec", "prompts"]).flatMap((path) =>
      named(path, valueAt(value, [...path, "role"]) === "few-shot" ? "few-shot" : "prompt"),
    ),
    ...indexed(value, ["spec", "tools"]).flatMap((path) =>
      (["parameters", "result", "openapi"] as const).flatMap((role) => named([...path, role], role)),
    ),
    ...named(schema, memoryFormat(valueAt(value, [...schema, "format"]))),
    ...translatorReferences(value),
  ];
}

/** The directory that `spec.orchestration` names; null when it names none. */
export function orchestrationDirectory(value: unknown): string | null {
  const directory = valueAt(value, ["spec", "orchestration", "directory"]);
  return typeof directory === "string" ? directory : null;
}

/** The path of a translator's module, which `agent.yaml` gives relative to the orchestration directory. */
export function translatorFile(directory: string, module: string): string {
  return `${directory}/${module}`;
}

function translatorReferences(value: unknown): readonly FileReference[] {
  const directory = orchestrationDirectory(value);
  if (directory === null) return [];
  return indexed(value, ["spec", "memory", "translators"]).flatMap((item) => {
    const path = [...item, "module"];
    const module = valueAt(value, path);
    if (typeof module !== "string") return [];
    return [{ path, file: translatorFile(directory, module), role: "translator" as const }];
  });
}

function memoryFormat(format: unknown): FileRole {
  return format === "avro" || format === "protobuf" ? format : "json-schema";
}

function indexed(value: unknown, list: Path): readonly Path[] {
  const items = valueAt(value, list);
  return Array.isArray(items) ? items.map((_, index) => [...list, index]) : [];
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Object.hasOwn(current, key) ? Reflect.get(current, key) : undefined;
  }
  return current;
}
