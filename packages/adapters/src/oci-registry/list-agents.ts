import { parseAgentName, ReleaseError, RoutingError, type AgentName } from "@perch/domain";
import { z } from "zod";
import { MAX_DOCUMENT_BYTES, parseJsonAnswer } from "./json-answer.ts";
import { readPages } from "./read-pages.ts";
import type { RegistryClient } from "./registry-client.ts";

const catalogSchema = z.object({ repositories: z.array(z.string()).nullable() });
const PAGE = 1_000;

/** The agents under a prefix. Throws `ReleaseError` `registry_refused` where the registry does not list its repositories. */
export async function listAgents(
  client: RegistryClient,
  prefix: string,
  holdsReleases: (agent: AgentName) => Promise<boolean>,
): Promise<readonly AgentName[]> {
  const named = new Set<AgentName>();
  for (const repository of await listRepositories(client)) {
    const agent = repository.startsWith(`${prefix}/`) ? agentNamed(repository.slice(prefix.length + 1)) : null;
    if (agent !== null) named.add(agent);
  }
  const candidates = [...named];
  const holding = await Promise.all(candidates.map(holdsReleases));
  return candidates.filter((_, index) => holding[index]).toSorted();
}

async function listRepositories(client: RegistryClient): Promise<readonly string[]> {
  const listed: string[] = [];
  const pages = readPages(client, {
    method: "GET",
    url: `/v2/_catalog?n=${PAGE}`,
    scopes: ["registry:catalog:*"],
    statuses: [200],
    maxBytes: MAX_DOCUMENT_BYTES,
  });
  try {
    for await (const page of pages) {
      listed.push(...(parseJsonAnswer(page, "a list of repositories", catalogSchema).repositories ?? []));
    }
  } catch (cause) {
    if (!(cause instanceof ReleaseError) || cause.code !== "registry_refused") throw cause;
    throw new ReleaseError({
      code: "registry_refused",
      message: `${cause.message}: it does not tell which repositories it has`,
      hint: "many registries do not: name the agent and its version or digest, as in `perch release inspect support@1.2.3`",
      cause,
    });
  }
  return listed;
}

function agentNamed(text: string): AgentName | null {
  try {
    return parseAgentName(text);
  } catch (error) {
    if (error instanceof RoutingError) return null;
    throw error;
  }
}
