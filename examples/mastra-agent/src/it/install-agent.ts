import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

const MOST_MS = 180_000;
const ARGUMENTS = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"];

/**
 * Brings the example's own dependencies, which are no part of Perch's installation. No script of theirs is run. What is
 * there already and not older than the lock file stays. Gives why it could not; null when all is there.
 */
export async function installAgent(directory: string): Promise<string | null> {
  const wanted = modifiedAt(join(directory, "package-lock.json"));
  if (modifiedAt(join(directory, "node_modules", ".package-lock.json")) >= wanted) return null;
  // Not what an outer npm says of another project.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return await new Promise((resolve) => {
    execFile("npm", ARGUMENTS, { cwd: directory, env, timeout: MOST_MS }, (error, _stdout, stderr) => {
      if (error === null) return resolve(null);
      const problem = stderr.split("\n").find((line) => /^npm (error|ERR!)/.test(line));
      resolve(`its packages cannot be installed here: ${problem ?? error.message}`);
    });
  });
}

/** 0 where there is no such file. */
function modifiedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
