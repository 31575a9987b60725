import { readdir, readFile } from "node:fs/promises";
import { agentSpecJsonSchema } from "@perch/domain";
import { parametersFile, resultFile, agentYaml } from "./agent-yaml.ts";
import { PROGRAM, type AgentPlan } from "./agent-plan.ts";
import { readmeText } from "./readme-text.ts";
import { rolloutYaml } from "./rollout-yaml.ts";

/** Text by path, relative to the agent's directory. */
export type PlannedFiles = ReadonlyMap<string, string>;

const TEMPLATE = new URL("../../templates/agent/app/", import.meta.url);
// What `perch` itself keeps beside the agent: releases, and keys that are nobody else's business.
const GITIGNORE = ".perch/\nkeys/\nnode_modules/\n";

/** Every file of a new agent directory. */
export async function planFiles(plan: AgentPlan): Promise<PlannedFiles> {
  return new Map([
    ["agent.yaml", agentYaml(plan)],
    ["agent.schema.json", jsonText(agentSpecJsonSchema())],
    ["prompts/system.md", `${plan.prompt.trim()}\n`],
    ...plan.tools.flatMap((tool) => [
      [parametersFile(tool), jsonText(tool.parameters)] as const,
      ...(tool.result === null ? [] : [[resultFile(tool), jsonText(tool.result)] as const]),
    ]),
    ...(plan.ownProgram === null ? await readTemplate() : []),
    ["README.md", readmeText(plan)],
    ["rollout.yaml", rolloutYaml(plan)],
    [".gitignore", GITIGNORE],
  ]);
}

async function readTemplate(): Promise<readonly (readonly [string, string])[]> {
  const names = (await readdir(TEMPLATE)).sort();
  return Promise.all(
    names.map(
      async (name) => [`${PROGRAM.directory}/${name}`, await readFile(new URL(name, TEMPLATE), "utf8")] as const,
    ),
  );
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
