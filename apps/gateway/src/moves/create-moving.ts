import type { Log } from "@perch/adapters/json-log";
import type { GatewayId, TurnOutbox } from "@perch/domain";
import { createPinKeeper } from "../pins/keep-pins.ts";
import type { Pins } from "../pins/open-pin-store.ts";
import type { ServerLink } from "../sync/server-link.ts";
import { createRoster, type Roster } from "../roster.ts";
import type { HeldTable } from "../table/held-table.ts";
import { createMoveLog } from "./move-log.ts";
import { createMoveReporter, type MoveReporter } from "./report-moves.ts";
import { createSessionMover, type SessionMover } from "./session-mover.ts";
import type { TurnUnderWay } from "./under-way.ts";

export type MovingDeps = {
  readonly gateway: GatewayId;
  readonly held: HeldTable;
  readonly pins: Pins;
  readonly outbox: TurnOutbox;
  readonly link: ServerLink;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
};

export type Moving = {
  readonly mover: SessionMover;
  readonly underWay: Roster<TurnUnderWay>;
  readonly reporter: MoveReporter;
  /** To be called every second. */
  readonly look: () => void;
};

/** Everything that keeps sessions at their release, or moves them to another. */
export function createMoving(deps: MovingDeps): Moving {
  const { pins, outbox, log } = deps;
  const underWay = createRoster<TurnUnderWay>();
  const mover = createSessionMover({ ...deps, pins: pins.cached, moves: createMoveLog({ outbox, log }) });
  const keepPins = createPinKeeper({ ...deps, pins: pins.cached, underWay });
  const afterThisTick = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const reporter = createMoveReporter({
    ...deps,
    mover,
    underWay,
    store: pins.store,
    storeName: pins.name,
    afterThisTick,
  });
  return {
    mover,
    underWay,
    reporter,
    look() {
      keepPins();
      mover.renew();
      reporter.look();
    },
  };
}
