import { buildRelease, checkAgentSpec, type BuiltRelease } from "@perch/domain";

type Overrides = {
  readonly agent?: string;
  readonly version?: string;
  readonly prompt?: string;
  /** The bytes of the orchestration archive. */
  readonly orchestration?: Uint8Array;
  readonly entrypoint?: string;
  readonly refundLifecycle?: { readonly cancel?: string; readonly transfer?: string };
};

/** A small release with one prompt and two tools. */
export function aBuiltRelease(overrides: Overrides = {}): BuiltRelease {
  const { agent = "support", version = "1.0.0", prompt = "Help the customer.", entrypoint = "main.mjs" } = overrides;
  const checked = checkAgentSpec({
    apiVersion: "perch.dev/v1",
    kind: "Agent",
    metadata: { name: agent, version },
    spec: {
      model: { provider: "openai", name: "small-1" },
      prompts: [{ name: "system", role: "system", file: "system.md" }],
      tools: [
        {
          name: "refund",
          description: "Pays back.",
          effect: "write",
          parameters: { type: "object" },
          ...(overrides.refundLifecycle !== undefined && { lifecycle: overrides.refundLifecycle }),
        },
        { name: "escalate", description: "Hands over.", effect: "write", parameters: { type: "object" } },
      ],
      orchestration: { directory: "app", entrypoint, framework: { name: "none", version: "1.0.0" } },
      policy: { escalationTools: ["escalate"], successTools: ["refund"] },
    },
  });
  if (checked.kind === "invalid") throw new Error(checked.problems.map((problem) => problem.message).join("; "));
  const outcome = buildRelease({
    spec: checked.spec,
    files: new Map([["system.md", new TextEncoder().encode(prompt)]]),
    orchestration: overrides.orchestration ?? new TextEncoder().encode("an archive"),
  });
  if (outcome.kind === "invalid") throw new Error(outcome.problems.map((problem) => problem.message).join("; "));
  return outcome.release;
}
