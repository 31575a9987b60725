import type { GatewayId, PropagationRecord, Rollout, RolloutEvent } from "@perch/domain";
import type { Spread } from "../gateways/hub.ts";

/** What the gateways' acknowledgements mean for a rollout that waits for them; null while they mean nothing yet. */
export function syncEvent(rollout: Rollout, spread: Spread, now: number): RolloutEvent | null {
  const laggards = laggardsOf(spread);
  const of = { kind: rollout.phase.kind, since: rollout.phaseSince };
  const hasAck = spread.gateways.some(({ ackedAt }) => ackedAt !== null);
  // Taking the canary away needs nobody's consent; giving it sessions, or everybody, needs a gateway that does it.
  const isSettled = laggards.length === 0 && (hasAck || takesAway(rollout));
  if (isSettled) return { type: "synced", at: settledAt(spread, now), of, propagation: recordOf(spread) };
  const isLate = now - spread.publishedAt > rollout.plan.propagation.deadlineMs;
  if (rollout.phase.kind === "Shifting" && laggards.length > 0 && isLate) {
    return { type: "syncTimedOut", at: now, of, laggards };
  }
  return null;
}

/** Gateways that may still assign by an older table. */
export function laggardsOf(spread: Spread): readonly GatewayId[] {
  return spread.gateways
    .filter(({ ackedAt, fencedAt }) => ackedAt === null && fencedAt === null)
    .map(({ gateway }) => gateway);
}

export function recordOf({ revision, gateways }: Spread): PropagationRecord {
  return {
    revision,
    gateways: gateways.map(({ gateway, ackedAt, fencedAt }) => ({ gateway, ackedAt, isFenced: fencedAt !== null })),
  };
}

function takesAway({ phase }: Rollout): boolean {
  return phase.kind === "RollingBack" || phase.kind === "Aborting" || phase.kind === "Superseding";
}

/** I5: the time of the last gateway, not the time at which somebody looked. */
function settledAt({ gateways, publishedAt }: Spread, now: number): number {
  const times = gateways.map(({ ackedAt, fencedAt }) => ackedAt ?? fencedAt ?? now);
  return Math.min(now, Math.max(publishedAt, ...times));
}
