import { readFile, realpath, stat } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";
import { packDirectory, type PackedDirectory } from "@perch/adapters/release-artifact";
import { readYaml, type Place } from "@perch/adapters/yaml";
import {
  checkAgentSpec,
  fileReferences,
  isPathInside,
  orchestrationDirectory,
  ReleaseError,
  type AgentSpec,
  type ReleaseInput,
  type SpecProblem,
} from "@perch/domain";

export type AgentDirectory = {
  readonly input: ReleaseInput;
  /** The place in `agent.yaml` of a path in it. */
  readonly placeOf: (path: readonly (string | number)[]) => Place;
};

const MAX_YAML_BYTES = 1024 * 1024;
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Reads `agent.yaml` and every file that it names. Throws `ReleaseError` `spec_invalid` with every problem's place. */
export async function readAgentDirectory(directory: string): Promise<AgentDirectory> {
  const path = join(directory, "agent.yaml");
  const yaml = readYaml(await readSpec(path));
  if (yaml.kind === "malformed") throw invalidSpec(path, yaml.problems);
  const { value, placeOf } = yaml;
  const checked = checkAgentSpec(value);
  const found = await readFiles(directory, value);
  const packed = await pack(directory, orchestrationDirectory(value));
  const problems = [
    ...(checked.kind === "invalid" ? checked.problems : []),
    ...found.problems,
    ...packed.problems,
    ...(checked.kind === "valid" ? entrypointProblems(checked.spec, packed.archive) : []),
  ];
  if (checked.kind === "invalid" || problems.length > 0) throw invalidSpec(path, located(problems, placeOf));
  const orchestration = packed.archive?.bytes ?? null;
  return { input: { spec: checked.spec, files: found.files, orchestration }, placeOf };
}

/** The problems with the place of each, in the order of the file. */
export function located(
  problems: readonly SpecProblem[],
  placeOf: AgentDirectory["placeOf"],
): readonly (Place & { readonly message: string })[] {
  return problems
    .map(({ path, message }) => ({ message, ...placeOf(path) }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column);
}

export function invalidSpec(path: string, problems: ReleaseError["problems"]): ReleaseError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new ReleaseError({
    code: "spec_invalid",
    message: `found ${count} in ${path}`,
    hint: "correct the lines above; `perch release schema` prints what agent.yaml may hold",
    problems,
  });
}

async function readSpec(path: string): Promise<string> {
  const status = await stat(path).catch(() => null);
  if (status?.isFile() === true && status.size <= MAX_YAML_BYTES) return readFile(path, "utf8");
  const found = status?.isFile() === true ? `${path} with ${status.size} bytes` : `no file ${path}`;
  throw new ReleaseError({
    code: "spec_invalid",
    message: `found ${found}, expected an agent.yaml of at most ${MAX_YAML_BYTES} bytes`,
    hint: "give the directory that holds agent.yaml: `perch release build DIR`",
  });
}

async function readFiles(
  directory: string,
  value: unknown,
): Promise<{ files: ReadonlyMap<string, Uint8Array>; problems: readonly SpecProblem[] }> {
  const files = new Map<string, Uint8Array>();
  const problems: SpecProblem[] = [];
  for (const { path, file } of fileReferences(value)) {
    // A path that leads outside is already a problem of the spec itself.
    if (files.has(file) || file === "" || !isPathInside(file)) continue;
    const read = await readInside(directory, file);
    if (typeof read === "string") problems.push({ path, message: read });
    else files.set(file, read);
  }
  return { files, problems };
}

/** The file's bytes, or what is wrong with it. */
async function readInside(directory: string, file: string): Promise<Uint8Array | string> {
  const quoted = JSON.stringify(file);
  const real = await realpath(join(directory, file)).catch(() => null);
  if (real === null) return `found no file ${quoted}, expected one in the agent's directory`;
  if (!isInside(await realpath(directory), real)) {
    return `found a link ${quoted} that leads out of the agent's directory, expected a file in it`;
  }
  const status = await stat(real);
  if (!status.isFile()) return `found ${quoted}, which is not a file, expected one`;
  if (status.size > MAX_FILE_BYTES)
    return `found ${status.size} bytes in ${quoted}, expected at most ${MAX_FILE_BYTES}`;
  return readFile(real);
}

async function pack(
  directory: string,
  orchestration: string | null,
): Promise<{ archive: PackedDirectory | null; problems: readonly SpecProblem[] }> {
  if (orchestration === null || !isPathInside(orchestration)) return { archive: null, problems: [] };
  const path = ["spec", "orchestration", "directory"];
  const full = join(directory, orchestration);
  const real = await realpath(full).catch(() => null);
  const isDirectory = real !== null && (await stat(real)).isDirectory();
  if (!isDirectory || !isInside(await realpath(directory), real)) {
    const message = `found no directory ${JSON.stringify(orchestration)}, expected the agent's program in it`;
    return { archive: null, problems: [{ path, message }] };
  }
  try {
    return { archive: await packDirectory(full), problems: [] };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return { archive: null, problems: [{ path, message: `${error.message}: ${error.hint}` }] };
  }
}

function entrypointProblems({ spec }: AgentSpec, archive: PackedDirectory | null): readonly SpecProblem[] {
  if (archive === null || !("entrypoint" in spec.orchestration)) return [];
  const { directory, entrypoint } = spec.orchestration;
  if (archive.paths.includes(posix.normalize(entrypoint))) return [];
  const message = `found no file ${JSON.stringify(entrypoint)} in ${JSON.stringify(directory)}, expected the program to start`;
  return [{ path: ["spec", "orchestration", "entrypoint"], message }];
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`);
}
