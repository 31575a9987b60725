import { underToolSpan } from "../tools/tool-span.ts";

export type Escalation = {
  /** One of the release's `policy.escalationTools`; `escalate_to_human` unless said otherwise. */
  readonly tool?: string;
};

/**
 * Says that a person has to take over, for agents that have no tool for that. It is recorded as a call of the release's
 * escalation tool, which is what makes a session count as escalated.
 */
export async function escalate(reason: string, { tool = "escalate_to_human" }: Escalation = {}): Promise<void> {
  const attributes = { "perch.escalation.reason": reason };
  await underToolSpan({ name: tool, input: { reason }, attributes }, async () => {});
}
