import type { Log } from "@perch/adapters/json-log";
import { compareRevisions, type GatewayId, type Revision, type ServerState } from "@perch/domain";
import type { Tables } from "./tables.ts";

export type OvertakingDeps = {
  readonly tables: Tables;
  readonly state: Pick<ServerState, "nextEpoch">;
  readonly log: Pick<Log, "warn">;
  readonly onAhead: (gateway: GatewayId, held: Revision) => void;
  readonly onMoved: () => void;
};

/** An epoch is one start of a server: a gateway that is further ahead than this tells of no server, but of a fault. */
const MOST_EPOCHS_AHEAD = 1_000_000;

/** True if the gateway was ahead of this server. */
export type Overtake = (gateway: GatewayId, held: Revision) => Promise<boolean>;

/**
 * Gateways never go back to a smaller revision, so a server whose state was restored from an old copy would never be heard
 * again by those that were ahead of it. Moves the server past what a gateway holds, if it is not past it already.
 */
export function createOvertaking(deps: OvertakingDeps): Overtake {
  const { tables, onAhead } = deps;
  const isAhead = (held: Revision): boolean => compareRevisions(held, tables.present().revision) > 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (gateway, held) => {
    if (!isAhead(held)) return false;
    onAhead(gateway, held);
    // One after the other: of several gateways that are ahead the first may have moved the server past all.
    const moved = last.then(() => (isAhead(held) ? moveOn(gateway, held, deps) : undefined));
    last = moved.catch(() => undefined);
    await moved;
    return true;
  };
}

async function moveOn(gateway: GatewayId, held: Revision, deps: OvertakingDeps): Promise<void> {
  const { tables, state, log, onMoved } = deps;
  const { revision } = tables.present();
  const what = { gateway, held: textOf(held), present: textOf(revision) };
  if (held.epoch - revision.epoch > MOST_EPOCHS_AHEAD) {
    log.warn("a gateway claims a routing table of an impossible epoch; it is not followed", what);
    return;
  }
  const epoch = await state.nextEpoch(held.epoch, revision.epoch);
  tables.moveTo(epoch);
  log.warn("a gateway holds a newer routing table than this server, whose state must be an old copy; moving past it", {
    ...what,
    epoch,
  });
  onMoved();
}

function textOf({ epoch, sequence }: Revision): string {
  return `${epoch}.${sequence}`;
}
