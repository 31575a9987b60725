import { realpath, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { packDirectory, type ArchiveEntry, type PackedDirectory } from "@perch/adapters/release-artifact";
import {
  fileReferences,
  isPathInside,
  isSecretAllowed,
  orchestrationDirectory,
  ReleaseError,
  secretAllowances,
  type ReleaseProblem,
  type SpecProblem,
} from "@perch/domain";
import { isInside } from "./is-inside.ts";

export type PackedOrchestration = {
  readonly archive: Uint8Array | null;
  /** The bytes of the translators in it, by the paths that `fileReferences` gives them. */
  readonly translators: ReadonlyMap<string, Uint8Array>;
  readonly problems: readonly SpecProblem[];
  /** Those inside the directory: of its files, not of `agent.yaml`. */
  readonly fileProblems: readonly ReleaseProblem[];
};

const NOTHING: PackedOrchestration = { archive: null, translators: new Map(), problems: [], fileProblems: [] };

/** Packs the directory that an `agent.yaml` names, if it names one, and looks for what it says is inside. */
export async function packOrchestration(directory: string, value: unknown): Promise<PackedOrchestration> {
  const orchestration = orchestrationDirectory(value);
  if (orchestration === null || !isPathInside(orchestration)) return NOTHING;
  const full = join(directory, orchestration);
  const real = await realpath(full).catch(() => null);
  const isDirectory = real !== null && (await stat(real)).isDirectory();
  if (!isDirectory || !isInside(await realpath(directory), real)) {
    const message = `found no directory ${JSON.stringify(orchestration)}, expected the agent's program in it`;
    return { ...NOTHING, problems: [{ path: ["spec", "orchestration", "directory"], message }] };
  }
  const allowances = secretAllowances(value);
  try {
    const packed = await packDirectory(full, (path, line) =>
      isSecretAllowed(allowances, { file: `${orchestration}/${path}`, line }),
    );
    return { ...NOTHING, archive: packed.bytes, ...findInside(packed, value, orchestration) };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    const inside = error.problems.map((problem) => ({
      ...problem,
      file: posix.join(orchestration, problem.file ?? ""),
    }));
    if (inside.length > 0) return { ...NOTHING, fileProblems: inside };
    const message = `${error.message}: ${error.hint}`;
    return { ...NOTHING, problems: [{ path: ["spec", "orchestration", "directory"], message }] };
  }
}

function findInside(
  { entries }: PackedDirectory,
  value: unknown,
  directory: string,
): Pick<PackedOrchestration, "translators" | "problems"> {
  const byPath = new Map<string, ArchiveEntry>(entries.map((entry) => [entry.path, entry]));
  const problems: SpecProblem[] = [];
  const miss = (path: SpecProblem["path"], file: string, expected: string): void => {
    const message = `found no file ${JSON.stringify(file)} in ${JSON.stringify(directory)}, expected ${expected}`;
    problems.push({ path, message });
  };
  const entrypoint = entrypointOf(value);
  if (entrypoint !== null && !byPath.has(posix.normalize(entrypoint))) {
    miss(["spec", "orchestration", "entrypoint"], entrypoint, "the program to start");
  }
  const translators = new Map<string, Uint8Array>();
  for (const { path, file, role } of fileReferences(value)) {
    if (role !== "translator") continue;
    const module = file.slice(directory.length + 1);
    const entry = byPath.get(posix.normalize(module));
    if (entry?.kind === "file") translators.set(file, entry.bytes);
    else miss(path, module, "the module of a translator");
  }
  return { translators, problems };
}

function entrypointOf(value: unknown): string | null {
  let current = value;
  for (const name of ["spec", "orchestration", "entrypoint"]) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) return null;
    current = Reflect.get(current, name);
  }
  return typeof current === "string" && isPathInside(current) ? current : null;
}
