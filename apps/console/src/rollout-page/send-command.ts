import { problemSchema } from "@perch/api";
import type { Command } from "./command-permission.ts";

export type CommandAnswer =
  { readonly kind: "accepted" } | { readonly kind: "refused"; readonly message: string; readonly hint: string };

export type CommandRequest = { readonly rollout: string; readonly command: Command; readonly reason: string };
type Post = (url: string, init: { method: string; headers: Record<string, string>; body: string }) => Promise<Response>;

/** Asks the server. A refusal carries the server's own words; silence carries what to do instead. */
export async function sendCommand({ rollout, command, reason }: CommandRequest, post: Post): Promise<CommandAnswer> {
  const url = `/v1/rollouts/${encodeURIComponent(rollout)}/${command}`;
  let answer: Response;
  try {
    const body = JSON.stringify({ reason, actor: "console" });
    answer = await post(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  } catch {
    return {
      kind: "refused",
      message: "The server did not answer, so the command may not have been recorded.",
      hint: `Look at the phase above before trying again, or run: perch rollout ${command} ${rollout}`,
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
