import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { CliError } from "../cli-error.ts";
import { NODE_FRAMEWORKS, PYTHON_FRAMEWORKS, type FoundFramework } from "./frameworks.ts";
import { nodeFrameworks } from "./node-frameworks.ts";
import { pythonFrameworks } from "./python-frameworks.ts";

const MOST_BYTES = 32 * 1024 * 1024;
const NODE_LOCKS = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock"];
const PYTHON_FILES = ["requirements.txt", "pyproject.toml", "poetry.lock", "uv.lock"];

/** The agent frameworks that a project uses. Throws `CliError` `input_invalid` when it uses none that is known. */
export async function readProject(directory: string): Promise<readonly FoundFramework[]> {
  const root = resolve(directory);
  if ((await stat(root).catch(() => null))?.isDirectory() !== true) {
    throw noFramework(`no directory ${directory}`, "the directory of a project");
  }
  const found = [...(await readNode(root)), ...(await readPython(root))];
  if (found.length > 0) return found;
  const known = [...NODE_FRAMEWORKS, ...PYTHON_FRAMEWORKS].join(", ");
  throw noFramework(
    `no agent framework in ${directory}`,
    `package.json or a Python project that names one of: ${known}`,
  );
}

function noFramework(found: string, expected: string): CliError {
  return new CliError({
    code: "input_invalid",
    message: `found ${found}, expected ${expected}`,
    hint: "name it yourself: --framework NAME@VERSION",
  });
}

async function readNode(root: string): Promise<readonly FoundFramework[]> {
  const manifest = await readTexts(root, ["package.json"]);
  if (manifest.size === 0) return [];
  const above = ancestorsOf(root);
  const lockDirectory = await firstWith(above, NODE_LOCKS);
  const locks = lockDirectory === null ? new Map<string, string>() : await readTexts(lockDirectory, NODE_LOCKS);
  return nodeFrameworks({
    files: new Map([...manifest, ...locks]),
    pathInWorkspace: lockDirectory === null ? "" : relative(lockDirectory, root).split(sep).join("/"),
    installed: await readInstalled(above),
  });
}

/** The project and the directories above it, the nearest first. */
function ancestorsOf(directory: string): readonly string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestorsOf(parent)];
}

async function firstWith(directories: readonly string[], names: readonly string[]): Promise<string | null> {
  for (const directory of directories) {
    for (const name of names) {
      if ((await stat(join(directory, name)).catch(() => null))?.isFile() === true) return directory;
    }
    // What lies above a repository belongs to somebody else.
    if ((await stat(join(directory, ".git")).catch(() => null)) !== null) return null;
  }
  return null;
}

/** As Node looks for packages: in the nearest `node_modules` that has it. */
async function readInstalled(directories: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const installed = new Map<string, string>();
  for (const name of NODE_FRAMEWORKS) {
    for (const directory of directories) {
      const [text] = (await readTexts(join(directory, "node_modules", name), ["package.json"])).values();
      if (text !== undefined && !installed.has(name)) installed.set(name, text);
    }
  }
  return installed;
}

async function readPython(root: string): Promise<readonly FoundFramework[]> {
  const files = await readTexts(root, PYTHON_FILES);
  return files.size === 0 ? [] : pythonFrameworks({ files, installed: await sitePackages(root) });
}

async function sitePackages(root: string): Promise<readonly string[]> {
  const library = join(root, ".venv", "lib");
  const versions = await readdir(library).catch(() => []);
  const listed = versions.map((version) => readdir(join(library, version, "site-packages")).catch(() => []));
  return (await Promise.all(listed)).flat().sort();
}

/** Those of the files that are there. Throws `CliError` `input_invalid` for one of a size that no such file has. */
async function readTexts(directory: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const name of names) {
    const path = join(directory, name);
    const status = await stat(path).catch(() => null);
    if (status?.isFile() !== true) continue;
    if (status.size > MOST_BYTES) throw noFramework(`${status.size} bytes in ${path}`, `at most ${MOST_BYTES}`);
    texts.set(name, await readFile(path, "utf8"));
  }
  return texts;
}
