import type { Asker } from "./asker.ts";
import { onlyFramework, parseFramework, type Framework } from "./choose-framework.ts";
import type { FoundFramework } from "./frameworks.ts";
import type { InitFlags } from "./init-flags.ts";
import { readProject } from "./read-project.ts";

export type Picked = { readonly framework: Framework; readonly notes: readonly string[] };

/** What `--framework` says, else what `--from-project` finds, else the Node that runs this. */
export async function pickFramework(flags: InitFlags, asker: Asker | null): Promise<Picked> {
  if (flags.framework !== undefined) return { framework: parseFramework(flags.framework), notes: [] };
  const { fromProject } = flags;
  if (fromProject === undefined) return { framework: { name: "node", version: process.versions.node }, notes: [] };
  const found = await readProject(fromProject);
  const picked =
    asker === null || found.length === 1 ? onlyFramework(found, fromProject) : await choose(found, fromProject, asker);
  const { name, version, from, isExact } = picked;
  const notes = [`framework ${name}@${version}, from ${from}`];
  if (!isExact) notes.push(`${version} is not one exact version: install the project or correct it in agent.yaml`);
  return { framework: { name, version }, notes };
}

async function choose(found: readonly FoundFramework[], project: string, asker: Asker): Promise<FoundFramework> {
  const names = found.map(({ name }) => name);
  const answer = await asker.ask({
    text: "Framework",
    explanation: `that runs the agent: ${names.join(", ")}`,
    fallback: names[0] ?? "",
    problemOf: (text) => (names.includes(text) ? null : `expected one of ${names.join(", ")}`),
  });
  return onlyFramework(
    found.filter(({ name }) => name === answer),
    project,
  );
}
