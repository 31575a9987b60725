import type { AgentName, CallAction, Digest, ReleaseFacts, ReleaseFactsSource } from "@perch/domain";

/** Where a release's tools have their transactions ended. */
export interface ToolEndpoints {
  /** Null for a tool that declares none, or that the release does not have. Throws while the release cannot be read. */
  urlOf(
    release: { agent: AgentName; digest: Digest },
    about: { tool: string; action: CallAction },
  ): Promise<string | null>;
}

/** Each release is read once: it never changes. */
export function createToolEndpoints(facts: ReleaseFactsSource): ToolEndpoints {
  const known = new Map<Digest, ReleaseFacts["tools"]>();
  return {
    async urlOf({ agent, digest }, { tool, action }) {
      const tools = known.get(digest) ?? (await facts.read({ kind: "digest", agent, digest })).tools;
      known.set(digest, tools);
      return tools.find(({ name }) => name === tool)?.lifecycle[action] ?? null;
    },
  };
}
