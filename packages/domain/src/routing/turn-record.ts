import type { Digest } from "../release/digest.ts";
import type { Arm } from "./assign.ts";
import type { AgentName, GatewayId, RolloutId, SessionId } from "./ids.ts";

/** What the gateway itself did wrong or saw go wrong; null when the agent answered, whatever it answered. */
export type TurnFault =
  "upstream_unreachable" | "upstream_stalled" | "upstream_reset" | "not_deployed" | "client_aborted" | null;

/** The states of a task in the A2A protocol that somebody may have to act upon, in the words of its JSON form up to 0.3. */
export const TASK_STATES = [
  "submitted",
  "working",
  "completed",
  "failed",
  "canceled",
  "rejected",
  "input-required",
  "auth-required",
] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** The gateway's own account of one turn, kept whether or not the agent is instrumented. `id` is unique for ever. */
export type TurnRecord = {
  readonly id: string;
  /**
   * `assignment`: the session was pinned under a rollout just now; the turn follows. It is sent at once, so that the order
   * in which sessions are judged does not depend on how fast an arm answers. `sessionEnd`: the client or the agent said that the conversation is over; not a turn of it.
   */
  readonly kind: "assignment" | "turn" | "sessionEnd";
  readonly gateway: GatewayId;
  readonly agent: AgentName;
  readonly session: SessionId;
  readonly release: Digest;
  readonly arm: Arm;
  /** The rollout and step that the session was *assigned* under; null when none was under way then. */
  readonly rollout: RolloutId | null;
  readonly step: number | null;
  readonly traceId: string;
  /** Epoch ms of the request's arrival. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly firstByteMs: number | null;
  readonly status: number;
  readonly fault: TurnFault;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The session is over after this record. */
  readonly endsSession: boolean;
  /** What the strategy's classifier said of the session at first contact; null when none was asked or knew. */
  readonly intent: string | null;
  /** Where the answer left its task, by the A2A protocol; null for an answer that tells of none. */
  readonly taskState: TaskState | null;
  /** The clock was made up (replay of recordings). */
  readonly isSynthetic: boolean;
};

/** A turn the user did not get an answer to. A client that hung up is not the release's failure. */
export function isFailedTurn(turn: TurnRecord): boolean {
  return turn.kind === "turn" && (turn.status >= 500 || (turn.fault !== null && turn.fault !== "client_aborted"));
}
