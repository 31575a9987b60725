import { createLearner, type Pin, type SessionId, type TaskState } from "@perch/domain";
import type { CachedPinStore } from "../pins/cached-pin-store.ts";
import type { RoutedAgent } from "../table/route-index.ts";

/**
 * Watches one answer for ids that later requests will name the session by. Where a promise is given, what was shown may go
 * on to the client only when it has resolved: by then every gateway can know the alias. It never rejects.
 */
export type AliasLearner = {
  /** To be shown the head of the final answer. `header` takes lower-case names. */
  head(status: number, header: (name: string) => string | undefined): Promise<void> | undefined;
  chunk(bytes: Uint8Array): Promise<void> | undefined;
  taskState(): TaskState | null;
};

export type LearnAliasesDeps = {
  readonly pins: Pick<CachedPinStore, "alias">;
  readonly onLearned: () => void;
};

/** Null when the agent's answers teach nothing. */
export function createAliasLearner(
  { route, learners }: RoutedAgent,
  pin: Pin,
  deps: LearnAliasesDeps,
): AliasLearner | null {
  if (route.sessionLearners.length === 0) return null;
  const learner = createLearner(learners);

  function store(ids: readonly SessionId[]): Promise<void> | undefined {
    const aliases = ids.filter((id) => id !== pin.session);
    return aliases.length === 0 ? undefined : keep(aliases);
  }

  async function keep(aliases: readonly SessionId[]): Promise<void> {
    for (const alias of aliases) {
      deps.onLearned();
      await deps.pins.alias({ agent: pin.agent, alias, session: pin.session }, route.idleTimeoutMs);
    }
  }

  return {
    head: (status, header) => store(learner.head(status, header)),
    chunk: (bytes) => store(learner.chunk(bytes)),
    taskState: () => learner.taskState(),
  };
}
