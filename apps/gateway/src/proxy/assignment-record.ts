import { intentOf, type GatewayId, type Pin, type TurnRecord } from "@perch/domain";

/** Tells the server of a new pin at once. The turn that made it is recorded when it ends, which may be much later. */
export function assignmentOf(
  pin: Pin,
  traceId: string,
  { gateway, newId }: { readonly gateway: GatewayId; readonly newId: () => string },
): TurnRecord {
  return {
    id: newId(),
    kind: "assignment",
    gateway,
    agent: pin.agent,
    session: pin.session,
    release: pin.release,
    arm: pin.arm,
    rollout: pin.rollout,
    step: pin.step,
    traceId,
    startedAt: pin.assignedAt,
    durationMs: 0,
    firstByteMs: null,
    status: 0,
    fault: null,
    requestBytes: 0,
    responseBytes: 0,
    endsSession: false,
    intent: intentOf(pin),
    taskState: null,
    isSynthetic: false,
  };
}
