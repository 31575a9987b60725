import { answerKey, CHANNEL_PREFIX, webhookOf } from "./hooks.ts";
import { moveTo, note } from "./move-to.ts";
import type { Rollout, RolloutEvent } from "./rollout.ts";

type HookAnswered = Extract<RolloutEvent, { type: "hookAnswered" }>;

/** Keeps the first final answer to each occasion. A rollout that may not begin without one fails with it. */
export function applyHookAnswer(rollout: Rollout, event: HookAnswered): Rollout {
  const { hook, occasion, at, outcome, status, attempts, detail } = event;
  const key = answerKey(hook, occasion);
  const type = webhookOf(rollout, hook)?.type;
  const isKnown = type !== undefined || hook.startsWith(CHANNEL_PREFIX);
  if (!isKnown || rollout.hookAnswers[key] !== undefined) return rollout;
  const answered: Rollout = {
    ...rollout,
    hookAnswers: { ...rollout.hookAnswers, [key]: { at, outcome, status, attempts, detail } },
  };
  if (type === "pre-rollout" && outcome === "failed" && rollout.phase.kind === "Preparing") {
    const reason = `the webhook ${hook} did not let the rollout begin: ${detail}`;
    return moveTo(answered, { kind: "Failed" }, { at, actor: actorOf(hook), reason, text: reason });
  }
  if (type === undefined || type === "event" || type === "post-rollout" || outcome === "failed") return answered;
  return note(answered, { at, actor: actorOf(hook), text: `agrees (${type}, ${occasion})` });
}

function actorOf(hook: string): string {
  return `webhook:${hook}`;
}
