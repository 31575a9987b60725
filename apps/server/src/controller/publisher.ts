import {
  deriveRoute,
  isFinal,
  type AgentMove,
  type AgentName,
  type AgentRoute,
  type Revision,
  type Rollout,
  type RouteDefaults,
} from "@perch/domain";
import type { GatewayHub } from "../gateways/hub.ts";
import type { Book } from "./book.ts";
import { idleTimeout } from "./session-wishes.ts";

export type PublisherDeps = {
  readonly book: () => Book;
  readonly hub: Pick<GatewayHub, "publish">;
  readonly defaults: Omit<RouteDefaults, "now"> & { readonly leaseMs: number };
  readonly now: () => number;
};

/** Turns what the book says into the table that the gateways hold, and knows which revision carries which decision. */
export interface Publisher {
  /** Derives the table anew and sends it if it has changed. Cheap enough to be called after every change. */
  publish(): void;
  /** The revision that first carried the rollout's present phase. */
  revisionOf(rollout: Rollout): Revision;
  /** The revision that first carried the move as it stands. */
  revisionOfMove(agent: AgentName, move: AgentMove): Revision;
}

export function createPublisher({ book, hub, defaults, now }: PublisherDeps): Publisher {
  const carriers = new Map<string, { readonly phase: string; readonly revision: Revision }>();

  function publish(): void {
    const rollouts = book().rollouts();
    const idleTimeoutMs = idleTimeout(rollouts, defaults.idleTimeoutMs, now());
    const routes = book()
      .agents()
      .map((record) => deriveRoute(record, rollouts, { ...defaults, idleTimeoutMs, now: now() }))
      .filter((route): route is AgentRoute => route !== null);
    const leases = rollouts.filter((rollout) => !isFinal(rollout)).map(({ plan }) => plan.propagation.leaseMs);
    const revision = hub.publish(routes, leases.length === 0 ? defaults.leaseMs : Math.min(...leases));
    for (const rollout of rollouts) carry(rollout.id, phaseKey(rollout), revision);
    for (const { agent, moves } of book().agents()) {
      for (const move of moves) carry(moveKey(agent, move), move.standing.kind, revision);
    }
  }

  function carry(key: string, phase: string, revision: Revision): void {
    if (carriers.get(key)?.phase !== phase) carriers.set(key, { phase, revision });
  }

  function carrierOf(key: string, phase: string): Revision {
    const carrier = carriers.get(key);
    if (carrier?.phase === phase) return carrier.revision;
    publish();
    return carriers.get(key)?.revision ?? { epoch: 0, sequence: 0 };
  }

  return {
    publish,
    revisionOf: (rollout) => carrierOf(rollout.id, phaseKey(rollout)),
    revisionOfMove: (agent, move) => carrierOf(moveKey(agent, move), move.standing.kind),
  };
}

/** No rollout has such an id. */
function moveKey(agent: AgentName, { id }: AgentMove): string {
  return `move/${agent}/${id}`;
}

function phaseKey({ phase, phaseSince, timeline }: Rollout): string {
  return `${phase.kind} ${phaseSince} ${timeline.length}`;
}
