import { problemSchema } from "@perch/api";
import type { Command } from "./command-permission.ts";

export type CommandAnswer =
  { readonly kind: "accepted" } | { readonly kind: "refused"; readonly message: string; readonly hint: string };

export type CommandRequest = { readonly rollout: string; readonly command: Command; readonly reason: string };
export type AgentRequest = { readonly agent: string; readonly reason: string };
type Post = (url: string, init: { method: string; headers: Record<string, string>; body: string }) => Promise<Response>;

/** Asks the server. A refusal carries the server's own words; silence carries what to do instead. */
export async function sendCommand({ rollout, command, reason }: CommandRequest, post: Post): Promise<CommandAnswer> {
  const url = `/v1/rollouts/${encodeURIComponent(rollout)}/${command}`;
  const orElse = `Look at the phase above before trying again, or run: perch rollout ${command} ${rollout}`;
  return send({ method: "POST", url, reason, orElse }, post);
}

/** Everybody is refused, until `sendRevival`. */
export async function sendKill({ agent, reason }: AgentRequest, post: Post): Promise<CommandAnswer> {
  const orElse = `Look whether the agent answers before trying again, or run: perch kill ${agent} --reason "…"`;
  return send({ method: "POST", url: killUrl(agent), reason, orElse }, post);
}

export async function sendRevival({ agent, reason }: AgentRequest, post: Post): Promise<CommandAnswer> {
  const orElse = `Look whether the agent answers before trying again, or run: perch kill ${agent} --undo --reason "…"`;
  return send({ method: "DELETE", url: killUrl(agent), reason, orElse }, post);
}

function killUrl(agent: string): string {
  return `/v1/agents/${encodeURIComponent(agent)}/kill`;
}

type Call = { readonly method: string; readonly url: string; readonly reason: string; readonly orElse: string };

async function send({ method, url, reason, orElse }: Call, post: Post): Promise<CommandAnswer> {
  let answer: Response;
  try {
    const body = JSON.stringify({ reason, actor: "console" });
    answer = await post(url, { method, headers: { "content-type": "application/json" }, body });
  } catch {
    return {
      kind: "refused",
      message: "The server did not answer, so the command may not have been recorded.",
      hint: orElse,
    };
  }
  if (answer.ok) return { kind: "accepted" };
  const problem = problemSchema.safeParse(await answer.json().catch(() => null));
  if (problem.success) return { kind: "refused", message: problem.data.error.message, hint: problem.data.error.hint };
  return {
    kind: "refused",
    message: `The server answered ${answer.status} without a reason.`,
    hint: "Look at its log.",
  };
}
