import type { Command } from "commander";
import type { AgentView, PointerView } from "@perch/api";
import { countAttached } from "@perch/adapters/sigstore";
import { parseAgentName, type AgentName, type ReleaseRepository } from "@perch/domain";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { agentHistory, type HistoryLine } from "./agent-history.ts";
import { onStore, registryOf, type ReleaseFlags } from "./release-store.ts";
import { describeHistory, describeList, type ListedRelease } from "./describe-release.ts";

type ListFlags = ReleaseFlags & { history?: boolean };

export function registerListCommand(release: Command): void {
  onStore(release.command("list"))
    .description("list the releases of a registry, by version")
    .argument("[agent]", "this agent's only")
    .option("--history", "what the server knows of the agent: admissions, deployments, pointers moved, rollouts")
    .addOption(serverOption())
    .action((agent: string | undefined, flags: ListFlags) => list(agent, flags));
}

async function list(agent: string | undefined, flags: ListFlags): Promise<void> {
  if (flags.history === true) return history(agent, flags);
  const registry = registryOf(flags);
  const agents = agent === undefined ? await registry.agents() : [parseAgentName(agent)];
  const listed = await Promise.all(agents.map((name: AgentName) => listRepository(registry.repository(name))));
  const releases = listed.flat();
  if (flags.json === true) printJson({ releases });
  else printLine(describeList(releases));
}

async function listRepository(repository: ReleaseRepository): Promise<readonly ListedRelease[]> {
  return Promise.all(
    (await repository.releases()).map(async ({ agent, version, descriptor }) => ({
      agent,
      version,
      digest: descriptor.digest,
      ...(await countAttached(repository, descriptor.digest)),
    })),
  );
}

async function history(name: string | undefined, flags: ListFlags): Promise<void> {
  if (name === undefined) {
    const hint = "perch release list support --history";
    throw new CliError({ code: "usage", message: "found --history without an agent, expected one", hint });
  }
  const client = createApiClient(flags.server);
  const agent = await client.agent(name);
  const [pointers, entries, rollouts] = await Promise.all([
    client.pointers(name),
    client.agentLedger(name),
    client.rollouts(),
  ]);
  const lines = agentHistory(agent, entries, rollouts);
  if (flags.json === true) printJson(jsonOf(agent, pointers, lines));
  else printLine(describeHistory(agent, pointers, lines));
}

function jsonOf(agent: AgentView, pointers: readonly PointerView[], history: readonly HistoryLine[]): unknown {
  const standing = (digest: string): readonly string[] =>
    pointers.filter(({ release }) => release.digest === digest).map(({ pointer }) => pointer);
  const releases = agent.releases.map((held) => ({ ...held, pointers: standing(held.release.digest) }));
  return { agent: agent.agent, releases, history };
}
