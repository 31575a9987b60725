import { resolve } from "node:path";
import type { AgentPlan } from "./agent-plan.ts";
import { gatherAnswers } from "./answers.ts";
import type { Asker } from "./asker.ts";
import { checkDirectory } from "./check-directory.ts";
import { importTools } from "./import-tools.ts";
import type { InitFlags } from "./init-flags.ts";
import { escalationTools, ownTools } from "./own-tools.ts";
import { pickFramework } from "./pick-framework.ts";
import { placeFiles, refuseExisting } from "./place-files.ts";
import { planFiles } from "./plan-files.ts";
import { ownProgram } from "./program-choice.ts";

export type InitResult = {
  readonly plan: AgentPlan;
  readonly files: readonly string[];
  readonly notes: readonly string[];
};

/** Known before anything is asked or fetched. */
const ALWAYS = ["agent.yaml", "agent.schema.json", "prompts/system.md", "README.md", "rollout.yaml", ".gitignore"];

/** Makes the directory, whole and checked, or throws and leaves everything as it was. `asker` is null where nobody is. */
export async function runInit(directory: string, flags: InitFlags, asker: Asker | null): Promise<InitResult> {
  const isForced = flags.force === true;
  await refuseExisting(directory, ALWAYS, isForced);
  const program = await ownProgram(directory, flags);
  const answers = await gatherAnswers(directory, flags, asker);
  const picked = await pickFramework(flags, asker);
  const imported = await importTools(answers, flags);
  const tools = program === null ? [...imported.tools, ...ownTools(imported.tools)] : imported.tools;
  const { name, version, model, prompt } = answers;
  const plan: AgentPlan = {
    name,
    version,
    model,
    prompt,
    tools,
    framework: picked.framework,
    ownProgram: program,
    escalationTools: escalationTools(tools),
  };
  const files = await planFiles(plan);
  const root = resolve(directory);
  await placeFiles({
    directory,
    files,
    isForced,
    check: async (staging) => void (await checkDirectory(staging, { root, program })),
  });
  return {
    plan,
    files: [...files.keys()],
    notes: [...picked.notes, ...imported.notes, ...remarks(plan, imported.tools.length)],
  };
}

function remarks({ ownProgram, framework }: AgentPlan, importedTools: number): readonly string[] {
  if (ownProgram !== null) return [];
  return [
    ...(importedTools === 0 ? [] : ["imported tools do nothing yet: app/tools.mjs is where each gets its function"]),
    ...(framework.name === "node"
      ? []
      : [`app/ is plain JavaScript that does not use ${framework.name}: put your program in its place`]),
  ];
}
