import type { Log } from "@perch/adapters/json-log";
import { compareRevisions, type GatewayId, type Revision, type ServerState } from "@perch/domain";
import type { Tables } from "./tables.ts";

export type OvertakingDeps = {
  readonly tables: Tables;
  readonly state: Pick<ServerState, "nextEpoch">;
  readonly log: Pick<Log, "warn">;
  readonly onMoved: () => void;
};

/** An epoch is one start of a server: a gateway that is further ahead than this tells of no server, but of a fault. */
const MOST_EPOCHS_AHEAD = 1_000_000;

/**
 * Gateways never go back to a smaller revision, so a server whose state was restored from an old copy would never be heard
 * again by those that were ahead of it. Moves the server past what a gateway holds; does nothing if it is past it already.
 */
export function createOvertaking(deps: OvertakingDeps): (gateway: GatewayId, held: Revision) => Promise<void> {
  const { tables, state, log, onMoved } = deps;
  let last: Promise<unknown> = Promise.resolve();

  async function moveOn(gateway: GatewayId, held: Revision): Promise<void> {
    const { revision } = tables.present();
    if (compareRevisions(held, revision) <= 0) return;
    const what = { gateway, held: textOf(held), present: textOf(revision) };
    if (held.epoch - revision.epoch > MOST_EPOCHS_AHEAD) {
      log.warn("a gateway claims a routing table of an impossible epoch; it is not followed", what);
      return;
    }
    const epoch = await state.nextEpoch(held.epoch);
    tables.moveTo(epoch);
    log.warn(
      "a gateway holds a newer routing table than this server, whose state must be an old copy; moving past it",
      {
        ...what,
        epoch,
      },
    );
    onMoved();
  }

  return (gateway, held) => {
    // One after the other: of several gateways that are ahead the first may have moved the server past all.
    const moved = last.then(() => moveOn(gateway, held));
    last = moved.catch(() => undefined);
    return moved;
  };
}

function textOf({ epoch, sequence }: Revision): string {
  return `${epoch}.${sequence}`;
}
