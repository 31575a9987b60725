import type { GatewayId, ShadowOutcome, ShadowTurn } from "@perch/domain";
import type { ShadowResult } from "./shadow-exchange.ts";
import type { ShadowJob } from "./shadow-session.ts";

export type ShadowEnd = {
  readonly id: string;
  readonly gateway: GatewayId;
  readonly traceId: string;
  readonly startedAt: number;
  readonly outcome: ShadowOutcome;
  readonly requestBytes: number;
  readonly result: ShadowResult;
};

/** Of a turn that was not sent. */
export function unsent(reason: NonNullable<ShadowResult["reason"]>): ShadowResult {
  return { reason, status: 0, durationMs: 0, firstByteMs: null, responseBytes: 0 };
}

export function shadowRecord({ pin, user }: Pick<ShadowJob, "pin" | "user">, end: ShadowEnd): ShadowTurn {
  const { result, ...rest } = end;
  return {
    ...rest,
    ...result,
    kind: "shadow",
    arm: "shadow",
    agent: pin.agent,
    session: pin.session,
    release: pin.shadow.release,
    rollout: pin.shadow.rollout,
    assignedAt: pin.assignedAt,
    pairedTraceId: user.trace.traceId,
    pairedStartedAt: user.startedAt,
  };
}
