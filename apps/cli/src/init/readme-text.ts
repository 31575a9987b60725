import { PROGRAM, type AgentPlan } from "./agent-plan.ts";

/** The commands that lead from the directory to an answer through the gateway. */
export function nextCommands(
  { name, version }: Pick<AgentPlan, "name" | "version">,
  directory: string,
): readonly string[] {
  return [
    "perch key generate --out keys/ && perch key trust keys/perch.pub",
    `perch release build ${quoted(directory)}`,
    `perch release sign ${name}@${version} --key keys/perch.key`,
    "perch up &",
    "export OPENAI_BASE_URL=https://api.openai.com/v1 OPENAI_API_KEY=…",
    `perch deploy ${name}@${version} &`,
    `curl -N localhost:4700/${name}/chat -H 'content-type: application/json' -d '{"sessionId":"s-1","message":"Hello"}'`,
  ];
}

export function readmeText(plan: AgentPlan): string {
  const { directory, entrypoint } = plan.ownProgram ?? PROGRAM;
  const own = `\`${directory}/\` is a small program without dependencies: \`POST /chat\` \`{"sessionId", "message"}\` answers with
server-sent events, \`data: {"delta": "…"}\` and then \`data: {"done": true, "escalated": false}\`; \`POST /chat/end\` ends a
session, \`GET /healthz\` says that it is ready. It reads prompt, model and tools from its release. A tool does what
\`${directory}/tools.mjs\` says; one that is not there yet tells the model so.`;
  const program = plan.ownProgram === null ? own : `\`${directory}/${entrypoint}\` is started with \`node\`.`;
  return `# ${plan.name}

\`agent.yaml\` says what a release of this agent is made of: the model, \`prompts/\`, \`tools/\`, and the program.
${program}

\`\`\`sh
${nextCommands(plan, ".").join("\n")}
\`\`\`

The next version: change a part, raise \`version\` in \`agent.yaml\`, build, sign and deploy it, and let
\`perch rollout start -f rollout.yaml\` decide on evidence whether it stays.
`;
}

function quoted(path: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
