import { isOnStep, type Rollout, type RolloutEvent } from "@perch/domain";
import type { Book } from "./book.ts";

/** While its agent is switched off nobody new meets a canary, and a person starts it again afterwards. Else null. */
export function killEvent({ plan, phase }: Rollout, book: Pick<Book, "agent">, at: number): RolloutEvent | null {
  const kill = book.agent(plan.agent)?.kill ?? null;
  if (kill === null || !(isOnStep(phase) || phase.kind === "Shadowing")) return null;
  const reason = `the agent is switched off: ${kill.reason}`;
  const freezeNew = phase.kind !== "Shadowing";
  return { type: "pauseRequested", at, actor: kill.actor, reason, freezeNew };
}
