import type { Digest } from "../release/digest.ts";
import type { AgentName, GatewayId, RolloutId, SessionId } from "./ids.ts";

/**
 * What became of the mirror of one turn. `answered`: its answer was read to the end. `failed`: it was sent, and no whole
 * answer came. `dropped`: it was not sent. After either of the two the rest of the session is not mirrored. `skipped`: it is
 * no turn of a conversation, so that nothing is missing without it.
 */
export type ShadowOutcome = "answered" | "failed" | "dropped" | "skipped";

/** Why a turn was not sent, or got no whole answer. */
export type ShadowReason =
  | "queue_full"
  | "body_too_large"
  | "websocket"
  | "id_unknown"
  | "not_passed_on"
  | "cap_reached"
  | "lease_expired"
  | "mirror_ended"
  | "gateway_stopped"
  | "not_deployed"
  | "unreachable"
  | "timeout"
  | "reset"
  | "malformed"
  | "answer_too_large"
  | "listener"
  | "internal";

/** The gateway's account of a mirrored turn. It is no turn of the user's session: no gate and no page counts it as one. */
export type ShadowTurn = {
  readonly id: string;
  readonly kind: "shadow";
  readonly gateway: GatewayId;
  readonly agent: AgentName;
  readonly session: SessionId;
  /** The shadow's. */
  readonly release: Digest;
  readonly arm: "shadow";
  readonly rollout: RolloutId;
  /** When the session began: turns of an earlier conversation of the same name are none of its own. */
  readonly assignedAt: number;
  /** Of the mirrored request, which is a trace of its own. */
  readonly traceId: string;
  /** The user's turn: its trace, and when it arrived. */
  readonly pairedTraceId: string;
  readonly pairedStartedAt: number;
  /** When it was sent, or else given up. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly firstByteMs: number | null;
  /** 0 when no answer began. */
  readonly status: number;
  readonly outcome: ShadowOutcome;
  /** Null when it was answered. */
  readonly reason: ShadowReason | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
};
