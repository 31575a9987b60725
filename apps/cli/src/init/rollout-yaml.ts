import type { AgentPlan } from "./agent-plan.ts";

/** The rollout of the version that follows: the first one needs none. */
export function rolloutYaml({ name, version, escalationTools }: AgentPlan): string {
  const next = nextPatch(version);
  const outcome = escalationTools.length === 0 ? "" : ESCALATION_GATE;
  return `# How the next version goes live: perch rollout start -f rollout.yaml, once it is built, signed and deployed.
# The first version of an agent needs no rollout: it gets the traffic as soon as it is deployed.
apiVersion: perch.dev/v1
kind: Rollout
metadata:
  name: ${name}-${next.replaceAll(".", "-")}
spec:
  agent: ${name}
  release: ${name}@${next}
  baseline: current
  strategy: { type: session, seed: auto }
  pins: { idleTimeout: 30m }
  # 5 % of the new sessions first; more only when the evidence excludes more and more harm.
  ramp: { mode: evidence, ladder: [5, 25, 50, 100], minStep: 10m }
  analysis:
    interval: 5m
    consecutiveFailureLimit: 3
    # The chance that a harmless version is ever rolled back, over all guardrails together.
    familyWiseErrorRate: 0.01
    gates:
${outcome}      - name: error-rate
        kind: proportion
        direction: increase
        objective: { max: 0.05 }
        compare: { method: eprocess, margin: 0.04 }
        role: guardrail
        critical: true
        onFail: rollback
      - name: tool-error-rate
        kind: proportion
        direction: increase
        compare: { method: eprocess, margin: 0.05 }
        role: signal
        onFail: pause
  rollback:
    automatic: true
    pinnedSessions: drain
    propagation: { deadline: 2s, lease: 15s, quorum: all }
`;
}

const ESCALATION_GATE = `      # Set the objective to what is usual for your agent.
      - name: escalation-rate
        kind: proportion
        direction: increase
        objective: { max: 0.15 }
        compare: { method: eprocess, margin: 0.04 }
        role: guardrail
        critical: true
        onFail: rollback
`;

function nextPatch(version: string): string {
  const [major = "0", minor = "0", patch = "0"] = version.replace(/[-+].*$/, "").split(".");
  // A version before 1.2.3, such as 1.2.3-rc.1, is followed by 1.2.3 itself.
  const isBefore = /^[^+]*-/.test(version);
  return `${major}.${minor}.${isBefore ? patch : BigInt(patch) + 1n}`;
}
