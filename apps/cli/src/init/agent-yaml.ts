import { stringify } from "yaml";
import { PROGRAM, type AgentPlan } from "./agent-plan.ts";
import type { ToolDraft } from "./tool-draft.ts";

/** `agent.yaml` as a person would write it, with a few words where they help. */
export function agentYaml(plan: AgentPlan): string {
  const { directory, entrypoint } = plan.ownProgram ?? PROGRAM;
  return `# yaml-language-server: $schema=agent.schema.json
# What one release of this agent is made of. Change a part, raise the version, build and sign the next release.
apiVersion: perch.dev/v1
kind: Agent
metadata:
  name: ${scalar(plan.name)}
  version: ${scalar(plan.version)} # a version is never used for two releases
spec:
  model:
    provider: ${scalar(plan.model.provider)}
    name: ${scalar(plan.model.name)}
    # parameters: { temperature: 0.2 } # as the provider names them
  prompts: # role: system | task | few-shot
    - name: system
      role: system
      file: prompts/system.md
${toolList(plan.tools)}
  orchestration: # the program that is started
    directory: ${scalar(directory)}
    entrypoint: ${scalar(entrypoint)}
    framework:
      name: ${scalar(plan.framework.name)}
      version: ${scalar(plan.framework.version)}
  policy:
    # A session that calls one of these counts as escalated: what a gate on escalation-rate judges.
    escalationTools: [${plan.escalationTools.map(flowScalar).join(", ")}]
    # A session that calls one of these without an error counts as successful.
    successTools: []
`;
}

function toolList(tools: readonly ToolDraft[]): string {
  if (tools.length === 0) return "  tools: [] # name, description, effect: read | idempotent | write, parameters";
  return ["  tools: # effect, what a call does to the world: read | idempotent | write", ...tools.map(toolEntry)].join(
    "\n",
  );
}

function toolEntry(tool: ToolDraft): string {
  return [
    `    # ${comment(tool.origin)}`,
    `    - name: ${scalar(tool.name)}`,
    `      description: ${scalar(tool.description)}`,
    `      effect: ${tool.effect}`,
    `      parameters:`,
    `        file: ${parametersFile(tool)}`,
    ...(tool.result === null ? [] : [`      result:`, `        file: ${resultFile(tool)}`]),
    ...(tool.authRef === null
      ? []
      : [`      auth: # where the agent finds the secret; never the secret`, `        ref: ${scalar(tool.authRef)}`]),
  ].join("\n");
}

export function parametersFile({ name }: ToolDraft): string {
  return `tools/${name}.json`;
}

export function resultFile({ name }: ToolDraft): string {
  return `tools/${name}.result.json`;
}

/** The text as a YAML value on one line, in quotes where it needs them. */
function scalar(text: string): string {
  // Only the line's end: a text may end in a space of another kind, which needs no quotes.
  return stringify(text, { lineWidth: 0, blockQuote: false }).replace(/\n$/, "");
}

/** In `[…]` commas and brackets mean something too. */
function flowScalar(text: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(text) ? scalar(text) : JSON.stringify(text);
}

function comment(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 200);
}
