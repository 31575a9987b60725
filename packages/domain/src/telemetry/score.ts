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
  /** Who judged: a program, `user`, `human`. Null when it did not say. */
  readonly evaluator: string | null;
  /** Of the evaluator. Two versions are two yardsticks: what one has measured is not compared with what the other has. */
  readonly evaluatorVersion: string | null;
  /** Of what a user wrote beside the score, which itself is never kept. */
  readonly commentDigest: string | null;
};
