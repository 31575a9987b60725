import type { SessionId } from "../routing/ids.ts";

/** One judgement of a session by an evaluator or a user. The same `id` twice counts once. */
export type Score = {
  readonly id: string;
  readonly session: SessionId;
  readonly name: string;
  readonly value: number;
  readonly label: string | null;
  readonly at: number;
};
