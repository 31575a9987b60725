// The parts of the release that this program runs: a release that changes one of them changes the agent.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Reads `components/` as `perch deploy` lays it out. */
export async function readRelease(directory) {
  const components = join(directory, "components");
  const model = await readJson(join(components, "model", "model.json"));
  const policy = await readJson(join(components, "policy", "policy.json"));
  return {
    systemPrompt: await readFile(join(components, "prompt", "system"), "utf8"),
    model: { name: model.name, parameters: model.parameters ?? {} },
    tools: await readTools(join(components, "tool")),
    escalationTools: new Set(policy.escalationTools),
  };
}

async function readTools(directory) {
  // A release without tools has no such directory.
  const files = (await readdir(directory).catch(() => [])).sort((a, b) => (a < b ? -1 : 1));
  return Promise.all(files.map((file) => readJson(join(directory, file))));
}

async function readJson(path) {
  return JSON.parse(await readFile(path, "utf8"));
}
