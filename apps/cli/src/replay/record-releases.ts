import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDirectoryRegistry } from "@perch/adapters/oci-layout";
import { storeRelease } from "@perch/adapters/release-artifact";
import { generateKeyPair, parseSigningKey, signRelease, type SigningKey } from "@perch/adapters/sigstore";
import { buildRelease, checkAgentSpec, parseAgentName, type Digest } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import type { RecordedSession } from "./recordings.ts";

/** Calling it is how the recorded agents escalate. */
const ESCALATION_TOOL = "transfer_to_human_agents";
const PROMPT_FILE = "recorded.md";

/** Makes a key that this replay's server trusts, for this data directory only. */
export function createReplayKey(data: string): SigningKey {
  const pair = generateKeyPair();
  mkdirSync(join(data, "trust"), { recursive: true });
  writeFileSync(join(data, "trust", "replay.pub"), pair.publicPem);
  return parseSigningKey(pair.privatePem, "the replay's key");
}

/**
 * Builds and signs a release that stands for one side of a pair. The recordings do not hold the agents' parts, only who
 * they were: that is what the release says, and the tools that the sessions called.
 */
export async function recordRelease(
  where: { readonly data: string; readonly key: SigningKey },
  what: { readonly agent: string; readonly version: string; readonly sessions: readonly RecordedSession[] },
): Promise<Digest> {
  const built = buildRelease({
    spec: specOf(what),
    files: new Map([[PROMPT_FILE, new TextEncoder().encode(describe(what.sessions))]]),
    orchestration: null,
  });
  if (built.kind === "invalid") throw cannotStandFor(what.agent, built.problems);
  const registry = createDirectoryRegistry(join(where.data, "registry"));
  await storeRelease(registry, built.release);
  const reference = { kind: "digest", agent: parseAgentName(what.agent), digest: built.release.digest } as const;
  await signRelease(registry, reference, { key: where.key, now: new Date() });
  return built.release.digest;
}

type Spec = Parameters<typeof buildRelease>[0]["spec"];

function specOf(what: { agent: string; version: string; sessions: readonly RecordedSession[] }): Spec {
  const called = what.sessions.flatMap((session) => session.turns.flatMap((turn) => turn.tool_name ?? []));
  const tools = [...new Set([...called, ESCALATION_TOOL])].sort();
  const checked = checkAgentSpec({
    apiVersion: "perch.dev/v1",
    kind: "Agent",
    metadata: { name: what.agent, version: what.version },
    spec: {
      model: { provider: "recorded", name: what.sessions[0]?.model ?? "unknown" },
      prompts: [{ name: "recorded", role: "system", file: PROMPT_FILE }],
      tools: tools.map((name) => ({ name, description: "seen in the recording", effect: "write", parameters: {} })),
      orchestration: { image: `recorded@sha256:${"0".repeat(64)}` },
      policy: { escalationTools: [ESCALATION_TOOL], successTools: [] },
    },
  });
  if (checked.kind === "invalid") throw cannotStandFor(what.agent, checked.problems);
  return checked.spec;
}

function describe(sessions: readonly RecordedSession[]): string {
  const agents = [...new Set(sessions.map((session) => `${session.cohort}: ${session.model}, ${session.agent}`))];
  return `Recorded sessions of ${agents.join("; ")}. The prompt itself was not recorded.\n`;
}

function cannotStandFor(agent: string, problems: readonly unknown[]): CliError {
  return new CliError({
    code: "input_invalid",
    message: `no release can stand for the recorded ${agent}: ${JSON.stringify(problems)}`,
    hint: "model, agent and tool names of the recordings must be plain names",
  });
}
