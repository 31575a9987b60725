import type { HookReply, HookSender, RolloutId } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { Book } from "../controller/book.ts";
import { outgoingCalls, type OutgoingCall, type OutgoingSettings } from "./outgoing-call.ts";
import { retryDelayMs } from "./retry-delay.ts";

export type HookWorkerDeps = {
  readonly book: Book;
  readonly sender: HookSender;
  readonly settings: OutgoingSettings;
  readonly now: () => number;
  readonly log: Log;
};

export const NO_HOOKS: Pick<HookWorkerDeps, "sender" | "settings"> = {
  sender: { post: async () => ({ status: null, detail: "this server calls nobody" }) },
  settings: { channels: [], console: null, secrets: [] },
};

/**
 * Calls webhooks and channels beside the controller: no decision ever waits for a call to end, only for an answer to be
 * in the ledger. What is due is derived from the rollouts each time, so a call that a crash cut off is made again, with
 * the same id.
 */
export interface HookWorker {
  /** Begins whatever is due and not under way. Returns at once. */
  tick(): void;
  /** When every call that is under way has ended. */
  settled(): Promise<void>;
  /** Whom a rollout waits for, and what they said last. */
  waitsOf(rollout: RolloutId): readonly string[];
}

type Attempt = {
  readonly call: OutgoingCall;
  attempts: number;
  nextAt: number;
  underWay: Promise<void> | null;
  last: string;
};

export function createHookWorker(deps: HookWorkerDeps): HookWorker {
  const attempts = new Map<string, Attempt>();

  function tick(): void {
    const calls = deps.book
      .rollouts()
      // On a made-up clock nothing happens that anybody could be asked about.
      .filter(({ isSynthetic }) => !isSynthetic)
      .flatMap((rollout) => {
        const agent = deps.book.agent(rollout.plan.agent);
        return outgoingCalls({ rollout, agent }, deps.settings, deps.now());
      });
    forget(attempts, new Set(calls.map(({ id }) => id)));
    for (const call of calls) {
      const attempt = attempts.get(call.id) ?? { call, attempts: 0, nextAt: 0, underWay: null, last: "" };
      attempts.set(call.id, attempt);
      if (attempt.underWay !== null || deps.now() < attempt.nextAt) continue;
      attempt.underWay = make(call, attempt, deps).finally(() => {
        attempt.underWay = null;
      });
    }
  }

  return {
    tick,
    async settled() {
      await Promise.all([...attempts.values()].flatMap(({ underWay }) => underWay ?? []));
    },
    waitsOf: (rollout) =>
      [...attempts.values()].filter((one) => one.call.rollout.id === rollout && one.call.kind === "asks").map(waitText),
  };
}

/** What is no longer due was answered, or is about a step that has passed. */
function forget(attempts: Map<string, Attempt>, due: ReadonlySet<string>): void {
  for (const [id, { underWay }] of attempts) if (underWay === null && !due.has(id)) attempts.delete(id);
}

function waitText({ call, last }: Attempt): string {
  return last === "" ? `${call.title} to agree` : `${call.title} to agree: ${last}`;
}

async function make(call: OutgoingCall, attempt: Attempt, deps: HookWorkerDeps): Promise<void> {
  const reply = await deps.sender.post(call.requestAt(deps.now()));
  attempt.attempts += 1;
  attempt.last = reply.detail;
  try {
    await take(call, reply, { attempt, deps });
  } catch (error) {
    attempt.nextAt = deps.now() + delayOf(call, attempt);
    deps.log.warn("cannot record the answer of a webhook; it is asked again", {
      rollout: call.rollout.id,
      hook: call.hook,
      reason: reasonOf(error),
    });
  }
}

async function take(
  call: OutgoingCall,
  reply: HookReply,
  { attempt, deps }: { attempt: Attempt; deps: HookWorkerDeps },
): Promise<void> {
  const isAccepted = reply.status !== null && reply.status >= 200 && reply.status < 300;
  const isGivenUp = !isAccepted && call.retries !== null && attempt.attempts > call.retries;
  if (isAccepted || isGivenUp) {
    if (isGivenUp) {
      const { rollout, hook, occasion } = call;
      deps.log.warn("gave a webhook up", { rollout: rollout.id, hook, occasion, reason: reply.detail });
    }
    return record(call, reply, { attempts: attempt.attempts, isAccepted, deps });
  }
  attempt.nextAt = deps.now() + delayOf(call, attempt);
}

async function record(
  { rollout, hook, occasion, kind }: OutgoingCall,
  { status, detail }: HookReply,
  { attempts, isAccepted, deps }: { attempts: number; isAccepted: boolean; deps: HookWorkerDeps },
): Promise<void> {
  const { book, now } = deps;
  if (kind === "polls") {
    const reason = `the webhook ${hook} asks for it`;
    await book.record(rollout.id, { type: "rollbackRequested", at: now(), actor: `webhook:${hook}`, reason });
  }
  const outcome = isAccepted ? ("accepted" as const) : ("failed" as const);
  const answer = { outcome, status, attempts, detail: isAccepted ? "" : detail };
  await book.record(rollout.id, { type: "hookAnswered", at: now(), hook, occasion, ...answer });
}

/** A poll is repeated once a window, as the analysis is; everything else ever less often. */
function delayOf({ id, kind, rollout }: OutgoingCall, { attempts }: Attempt): number {
  if (kind === "polls") return rollout.plan.windowMs;
  const spread = Number.parseInt(id.slice(-4), 16) / 0xffff;
  return retryDelayMs(attempts, { isWaitedFor: kind === "asks", spread });
}
