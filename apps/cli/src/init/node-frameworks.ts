import { readYaml } from "@perch/adapters/yaml";
import { NODE_FRAMEWORKS, isExactVersion, type FoundFramework, type ProjectFiles } from "./frameworks.ts";
import { isJsonObject, memberOf, textAt } from "./json-object.ts";

/** Where a project keeps what it has installed: its own lock file, or that of the workspace around it. */
export type NodeProject = {
  readonly files: ProjectFiles;
  /** Path from the lock file's directory to the project; empty when it lies beside package.json. */
  readonly pathInWorkspace: string;
  /** The text of `node_modules/NAME/package.json` by NAME. */
  readonly installed: ReadonlyMap<string, string>;
};

/** The agent frameworks that package.json names, each with the most exact version that is known. */
export function nodeFrameworks(project: NodeProject): readonly FoundFramework[] {
  const manifest = parseJson(project.files.get("package.json"));
  return NODE_FRAMEWORKS.flatMap((name) => {
    const range = wantedRange(manifest, name);
    if (range === null) return [];
    return [exactVersion(project, name, range) ?? fromRange(name, range)];
  });
}

function wantedRange(manifest: unknown, name: string): string | null {
  for (const list of ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"]) {
    const range = textAt(memberOf(manifest, list), name);
    if (range !== null) return range;
  }
  return null;
}

function fromRange(name: string, range: string): FoundFramework {
  return { name, version: range.slice(0, 100), from: "package.json", isExact: isExactVersion(range) };
}

function exactVersion(project: NodeProject, name: string, range: string): FoundFramework | null {
  const sources: readonly (readonly [string, string | null])[] = [
    [`node_modules/${name}`, textAt(parseJson(project.installed.get(name)), "version")],
    ["package-lock.json", fromNpm(project, name)],
    ["pnpm-lock.yaml", fromPnpm(project, name)],
    ["yarn.lock", fromYarn(project.files.get("yarn.lock"), name, range)],
  ];
  for (const [from, version] of sources) {
    if (version !== null && isExactVersion(version)) return { name, version, from, isExact: true };
  }
  return null;
}

/** https://docs.npmjs.com/cli/configuring-npm/package-lock-json: `packages` since version 2, `dependencies` before. */
function fromNpm({ files, pathInWorkspace }: NodeProject, name: string): string | null {
  const lock = parseJson(files.get("package-lock.json"));
  const packages = memberOf(lock, "packages");
  const own = pathInWorkspace === "" ? null : memberOf(packages, `${pathInWorkspace}/node_modules/${name}`);
  const installed = own ?? memberOf(packages, `node_modules/${name}`) ?? memberOf(memberOf(lock, "dependencies"), name);
  return textAt(installed, "version");
}

/** The version of an importer's dependency, without the peers that pnpm writes behind it: `5.0.1(zod@3.25.0)`. */
function fromPnpm({ files, pathInWorkspace }: NodeProject, name: string): string | null {
  const text = files.get("pnpm-lock.yaml");
  // Its first document may be about pnpm itself.
  const lock = text === undefined ? null : parseYaml(text.split(/^---\s*$/m).at(-1) ?? "");
  const importers = memberOf(lock, "importers");
  const importer = isJsonObject(importers) ? memberOf(importers, pathInWorkspace === "" ? "." : pathInWorkspace) : lock;
  for (const list of ["dependencies", "devDependencies", "optionalDependencies"]) {
    const entry = memberOf(memberOf(importer, list), name);
    const version = typeof entry === "string" ? entry : textAt(entry, "version");
    if (version !== null) return version.replace(/[(_].*$/s, "");
  }
  return null;
}

/** Both of yarn's forms: `version "5.0.1"` under `ai@^5.0.0:` and `version: 5.0.1` under `"ai@npm:^5.0.0":`. */
function fromYarn(text: string | undefined, name: string, range: string): string | null {
  let isWanted = false;
  for (const line of (text ?? "").split(/\r?\n/)) {
    if (/^\S.*:\s*$/.test(line)) {
      const keys = line
        .replace(/:\s*$/, "")
        .split(/,\s*/)
        .map((key) => key.replaceAll('"', ""));
      isWanted = keys.some((key) => key === `${name}@${range}` || key === `${name}@npm:${range}`);
    }
    const [, version] = /^\s+version:? "?([^"\s]+)"?\s*$/.exec(line) ?? [];
    if (isWanted && version !== undefined) return version;
  }
  return null;
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? null : JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    // A file that is broken says nothing; others may.
    return null;
  }
}

function parseYaml(text: string): unknown {
  try {
    const yaml = readYaml(text);
    return yaml.kind === "read" ? yaml.value : null;
  } catch {
    // As a broken JSON file.
    return null;
  }
}
