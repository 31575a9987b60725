import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Node strips types only outside of node_modules, so what is installed has to be compiled.
const HERE = fileURLToPath(new URL("../", import.meta.url));
const DIST = `${HERE}dist/`;

rmSync(DIST, { recursive: true, force: true });
run("npx", ["tsc", "-b", "--force", HERE]);
const {
  private: _private,
  scripts: _scripts,
  devDependencies: _forTests,
  ...kept
} = JSON.parse(readFileSync(`${HERE}package.json`, "utf8"));
const entry = (name: string) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
const exported = { ".": entry("index"), "./register": entry("register"), "./package.json": "./package.json" };
writeFileSync(`${DIST}package.json`, `${JSON.stringify({ ...kept, exports: exported }, null, 2)}\n`);
writeFileSync(`${DIST}.npmignore`, "*.tsbuildinfo\n*.map\n");
copyFileSync(`${HERE}README.md`, `${DIST}README.md`);
copyFileSync(`${HERE}../../LICENSE`, `${DIST}LICENSE`);
run("npm", ["pack", DIST, "--pack-destination", DIST]);

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: "inherit", cwd: HERE });
  if (status !== 0) process.exit(status ?? 1);
}
