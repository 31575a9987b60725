import { statfs } from "node:fs/promises";
import type { AgentView } from "@perch/api";
import type { ApiClient } from "../api-client.ts";
import type { Facts } from "./diagnose.ts";

const PROBE_TIMEOUT_MS = 3000;

/** Asks the server, the deployments and this machine's disk. Never throws: what does not answer is a fact, too. */
export async function gatherFacts(
  client: ApiClient,
  { data, cliVersion, now }: { data: string; cliVersion: string; now: () => number },
): Promise<Facts> {
  const askedAt = now();
  const collector = await orFailure(client.collector());
  const tookMs = now() - askedAt;
  const disk = await diskAt(data);
  const { hostname } = new URL(client.baseUrl);
  const server = { url: client.baseUrl, isLoopback: isLoopback(hostname), failure: collector.failure };
  if (collector.value === null) {
    return { ...NOTHING, self: { cliVersion, checks: null, failure: null }, server, disk };
  }
  const [gateways, agents, scorers, store, checks] = await Promise.all([
    orFailure(client.gateways()),
    orFailure(client.agents()),
    orFailure(client.scorers()),
    orFailure(client.sessions({ limit: "1" })),
    orFailure(client.checks()),
  ]);
  return {
    server,
    disk,
    collector: collector.value,
    skew: { ms: collector.value.at - (askedAt + tookMs / 2), uncertainMs: tookMs / 2 },
    gateways: gateways.value,
    agents: agents.value,
    scorers: scorers.value,
    self: { cliVersion, checks: checks.value, failure: checks.failure },
    store: { failure: store.failure },
    deployments: await probeAll(agents.value ?? [], cliVersion),
  };
}

const NOTHING: Omit<Facts, "server" | "disk" | "self"> = {
  collector: null,
  skew: null,
  gateways: null,
  agents: null,
  scorers: null,
  store: null,
  deployments: [],
};

async function orFailure<T>(asked: Promise<T>): Promise<{ value: T | null; failure: string | null }> {
  try {
    return { value: await asked, failure: null };
  } catch (error) {
    return { value: null, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Of the releases that sessions may be at. */
async function probeAll(agents: readonly AgentView[], cliVersion: string): Promise<Facts["deployments"]> {
  const deployed = agents.flatMap(({ agent, releases }) =>
    releases
      .filter(({ status }) => status === "Current" || status === "Ramping" || status === "Draining")
      .flatMap(({ release, urls }) => urls.map((url) => ({ agent, version: release.version, url }))),
  );
  return await Promise.all(deployed.map(async (one) => ({ ...one, failure: await failureAt(one.url, cliVersion) })));
}

/** Whatever it answers: an agent need not know the path. */
async function failureAt(url: string, cliVersion: string): Promise<string | null> {
  try {
    const answer = await fetch(url, {
      method: "HEAD",
      headers: { "user-agent": `perch-health-check/${cliVersion}` },
      redirect: "manual",
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return null;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Null where there is no such directory on this machine. */
async function diskAt(directory: string): Promise<Facts["disk"]> {
  try {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { directory, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
