import { readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { readYaml } from "@perch/adapters/yaml";
import {
  checkAgentSpec,
  checkSpecFiles,
  fileReferences,
  isPathInside,
  RELEASE_LIMITS,
  ReleaseError,
  type ReleaseInput,
  type SpecProblem,
} from "@perch/domain";
import { checkMemorySchema } from "./check-memory-schema.ts";
import { isInside } from "./is-inside.ts";
import { compareProblems, invalidSpec, locateProblems, type PlaceOf } from "./locate-problems.ts";
import { packOrchestration } from "./pack-orchestration.ts";

export type AgentDirectory = {
  readonly input: ReleaseInput;
  /** The place in `agent.yaml` of a path in it. */
  readonly placeOf: PlaceOf;
};

/** Reads `agent.yaml` and every file that it names. Throws `ReleaseError` `spec_invalid` with every problem's place. */
export async function readAgentDirectory(directory: string): Promise<AgentDirectory> {
  const yaml = readYaml(await readSpec(join(directory, "agent.yaml")));
  if (yaml.kind === "malformed") throw invalidSpec(directory, yaml.problems);
  const { value, placeOf } = yaml;
  const checked = checkAgentSpec(value);
  const found = await readFiles(directory, value);
  const packed = await packOrchestration(directory, value);
  const problems = [
    ...(checked.kind === "invalid" ? checked.problems : []),
    ...found.problems,
    ...packed.problems,
    ...checkSpecFiles(value, found.files),
    ...(checked.kind === "valid" ? checkMemorySchema(checked.spec, found.files) : []),
  ];
  if (checked.kind === "invalid" || problems.length + packed.fileProblems.length > 0) {
    const all = [...locateProblems(problems, placeOf), ...packed.fileProblems];
    throw invalidSpec(directory, all.toSorted(compareProblems));
  }
  const files = new Map([...found.files, ...packed.translators]);
  return { input: { spec: checked.spec, files, orchestration: packed.archive }, placeOf };
}

async function readSpec(path: string): Promise<string> {
  const status = await stat(path).catch(() => null);
  const { specBytes } = RELEASE_LIMITS;
  const isFile = status?.isFile() === true;
  const bytes = isFile && status.size <= specBytes ? await readFile(path) : null;
  const text = bytes === null ? null : decode(bytes);
  if (text !== null) return text;
  const found = isFile ? `${path} with ${status.size} bytes` : `no file ${path}`;
  throw new ReleaseError({
    code: "spec_invalid",
    message: `found ${bytes === null ? found : `bytes in ${path} that are not UTF-8`}, expected an agent.yaml of at most ${specBytes} bytes of text`,
    hint: "give the directory that holds agent.yaml: `perch release build DIR`",
  });
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

async function readFiles(
  directory: string,
  value: unknown,
): Promise<{ files: ReadonlyMap<string, Uint8Array>; problems: readonly SpecProblem[] }> {
  const files = new Map<string, Uint8Array>();
  const problems: SpecProblem[] = [];
  for (const { path, file, role } of fileReferences(value)) {
    // A path that leads outside is already a problem of the spec itself; translators come with the packed directory.
    if (role === "translator" || files.has(file) || file === "" || !isPathInside(file)) continue;
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
  const { fileBytes } = RELEASE_LIMITS;
  if (!status.isFile()) return `found ${quoted}, which is not a file, expected one`;
  if (status.size > fileBytes) return `found ${status.size} bytes in ${quoted}, expected at most ${fileBytes}`;
  return readFile(real);
}
