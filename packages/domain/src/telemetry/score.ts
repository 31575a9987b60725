import type { AgentName, SessionId } from "../routing/ids.ts";

/** One judgement of a session by an evaluator or a user. The same `id` twice counts once. */
export type Score = {
  readonly id: string;
  /** Null when whoever scored did not say. */
  readonly agent: AgentName | null;
  readonly session: SessionId;
  readonly name: string;
  readonly value: number;
  readonly label: string | null;
  readonly at: number;
};
