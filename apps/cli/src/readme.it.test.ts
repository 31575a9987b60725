import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const PERCH = fileURLToPath(new URL("../bin/perch.js", import.meta.url));
const README = new URL("../../../README.md", import.meta.url);
const SECTION = "## From nothing to a release that others can verify";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-readme-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

/** Every command that a section of the README tells its reader to type, in order. */
async function commandsOf(section: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(README, "utf8");
  const [, part = ""] = text.split(`${section}\n`);
  const [own = ""] = part.split("\n## ");
  const lines = [...own.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.split("\n"));
  return lines
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(" "));
}

test("the README's way from nothing to a verified release works as it is printed", async () => {
  const commands = await commandsOf(SECTION);
  expect(commands.map(([npx, perch]) => `${npx} ${perch}`)).toEqual(commands.map(() => "npx perch"));
  const said = commands.map(([, , ...args]) => {
    const ran = spawnSync(process.execPath, [PERCH, ...args], { cwd: scratch });
    expect({ args, code: ran.status, err: ran.stderr.toString() }).toEqual({ args, code: 0, err: "" });
    return ran.stdout.toString();
  });
  expect(said.join("\n")).toContain("helper@0.1.0 is verified: 6 components, signed by");
  expect(said.at(-1)).toContain("no differences");
});
