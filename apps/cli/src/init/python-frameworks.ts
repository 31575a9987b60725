import { isExactVersion, PYTHON_FRAMEWORKS, type FoundFramework, type ProjectFiles } from "./frameworks.ts";
import { readTomlStrings, type TomlStrings } from "./toml-strings.ts";

export type PythonProject = {
  readonly files: ProjectFiles;
  /** Names of the directories in the virtual environment's `site-packages`. */
  readonly installed: readonly string[];
};

type Wanted = { readonly version: string; readonly from: string };

/** The agent frameworks that the project names, each with the most exact version that is known. */
export function pythonFrameworks(project: PythonProject): readonly FoundFramework[] {
  const wanted = new Map([...wantedByPyproject(project.files), ...wantedByRequirements(project.files)]);
  const locked = lockedVersions(project);
  return PYTHON_FRAMEWORKS.flatMap((name) => {
    const asked = wanted.get(name);
    if (asked === undefined) return [];
    const found = isExactVersion(asked.version) ? asked : (locked.get(name) ?? asked);
    return [{ name, ...found, isExact: isExactVersion(found.version) }];
  });
}

/** The most exact last: what is installed outweighs what a lock file says. */
function lockedVersions({ files, installed }: PythonProject): ReadonlyMap<string, Wanted> {
  const locks = ["poetry.lock", "uv.lock"].flatMap((from) => lockedIn(files.get(from) ?? "", from));
  const present = installed.flatMap((from) => {
    const [, name, version] = /^(.+)-([^-]+)\.dist-info$/.exec(from) ?? [];
    return name === undefined || version === undefined ? [] : [[normalized(name), { version, from }] as const];
  });
  return new Map([...locks, ...present]);
}

function lockedIn(text: string, from: string): readonly (readonly [string, Wanted])[] {
  return readTomlStrings(text).flatMap(({ table, values }) => {
    const [name] = values.get("name") ?? [];
    const [version] = values.get("version") ?? [];
    const isPackage = table === "package" && name !== undefined && version !== undefined;
    return isPackage ? [[normalized(name), { version, from }] as const] : [];
  });
}

function wantedByRequirements(files: ProjectFiles): readonly (readonly [string, Wanted])[] {
  const from = "requirements.txt";
  return (files.get(from) ?? "")
    .split(/\r?\n/)
    .flatMap((line) => parseRequirement(line.replace(/(?:^|\s)#.*$/, ""), from));
}

function wantedByPyproject(files: ProjectFiles): readonly (readonly [string, Wanted])[] {
  const from = "pyproject.toml";
  return readTomlStrings(files.get(from) ?? "").flatMap(({ table, values }) => {
    if (isPoetryTable(table)) return [...values].map(([name, strings]) => poetryEntry(name, strings, from));
    const lists =
      table === "project" ? [values.get("dependencies") ?? []] : isGroupTable(table) ? [...values.values()] : [];
    return lists.flat().flatMap((requirement) => parseRequirement(requirement, from));
  });
}

function isGroupTable(table: TomlStrings[number]["table"]): boolean {
  return table === "project.optional-dependencies" || table === "dependency-groups";
}

function isPoetryTable(table: string): boolean {
  return /^tool\.poetry\.(?:group\.[^.]+\.)?(?:dev-)?dependencies$/.test(table);
}

/** `langgraph = "^1.0"`, or `{ version = "^1.0", extras = [...] }`, whose first string that begins so is the version. */
function poetryEntry(name: string, strings: readonly string[], from: string): readonly [string, Wanted] {
  const version = strings.find((text) => /^[\^~<>=!*\d]/.test(text)) ?? "*";
  return [normalized(name), { version: version.replace(/^==?\s*/, "").slice(0, 100), from }];
}

/** PEP 508: a name, perhaps extras in brackets, versions, perhaps a marker behind a semicolon. */
function parseRequirement(text: string, from: string): readonly (readonly [string, Wanted])[] {
  const [, name, versions] = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;@#)]*)/.exec(text) ?? [];
  if (name === undefined || versions === undefined) return [];
  const wanted = versions.replace(/--.*$/, "").trim();
  const [, exact] = /^={2,3}\s*([^\s,*]+)$/.exec(wanted) ?? [];
  return [[normalized(name), { version: exact ?? (wanted === "" ? "*" : wanted.slice(0, 100)), from }]];
}

/** PEP 503. */
function normalized(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}
