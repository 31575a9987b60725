import { isSampled, type AttemptLimits, type Budget, type Scorer, type SessionKey } from "@perch/domain";

/** A scorer with what its file says of when it is asked. */
export type ConfiguredScorer = {
  readonly scorer: Scorer;
  /** Null: every agent's. */
  readonly agents: ReadonlySet<string> | null;
  readonly samplePercent: number;
  /** Whether it is to be sent what was said. */
  readonly sendsWords: boolean;
  readonly limits: AttemptLimits & { readonly timeoutMs: number };
  readonly concurrency: number;
  readonly queue: number;
  readonly budget: Budget;
};

/** Whether it should judge the session. */
export function isItsTurn({ scorer, agents, samplePercent }: ConfiguredScorer, session: SessionKey): boolean {
  return (agents === null || agents.has(session.agent)) && isSampled(scorer.name, session, samplePercent);
}
