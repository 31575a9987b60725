import { reasonOf, type Log } from "@perch/adapters/json-log";
import { askScorer, type AskDeps } from "./ask-scorer.ts";
import type { ConfiguredScorer } from "./configured-scorer.ts";

/** What is under way with scorers, each appraisal once at a time. */
export type Calls = {
  /** Begins what the scorer has room for, and gives up what has waited for too long. */
  ask(configured: ConfiguredScorer): void;
  /** Begins to take scores where they belong that an earlier attempt, or process, could not. */
  deliver(): void;
  settle(): Promise<void>;
};

const AGAIN_AFTER_MS = 1000;

export function createCalls(deps: AskDeps & { readonly log: Log }): Calls {
  const { book, store, now, log } = deps;
  const running = new Map<string, Promise<void>>();

  function start(id: string, work: () => Promise<void>): void {
    const ended = work()
      .catch((error: unknown) => {
        // The trace store, most likely. What was answered is delivered at the next turn.
        log.warn("cannot judge a session now; it is tried again", { appraisal: id, reason: reasonOf(error) });
        const appraisal = book.waiting.get(id);
        if (appraisal !== undefined) book.postpone(appraisal, now() + AGAIN_AFTER_MS);
      })
      .finally(() => running.delete(id));
    running.set(id, ended);
  }

  return {
    ask(configured) {
      const own = [...book.waiting.values()].filter(({ scorer }) => scorer === configured.scorer.name);
      let free = configured.concurrency - own.filter(({ id }) => running.has(id)).length;
      for (const appraisal of own) {
        if (running.has(appraisal.id)) continue;
        if (now() >= appraisal.dueAt + configured.limits.giveUpAfterMs) book.settle(appraisal, "gave_up");
        else if (free > 0 && appraisal.nextAt <= now()) {
          free -= 1;
          start(appraisal.id, () => askScorer(appraisal, configured, deps));
        }
      }
    },
    deliver() {
      for (const { id, scores, key } of store.answered())
        if (!running.has(id)) start(id, () => book.deliver(id, key, scores));
    },
    async settle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
