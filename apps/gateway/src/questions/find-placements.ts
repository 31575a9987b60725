import type { Why } from "@perch/api";
import { explainPin, type AgentName, type LivePin, type SessionId } from "@perch/domain";
import type { CachedPinStore } from "../pins/cached-pin-store.ts";
import type { HeldTable } from "../table/held-table.ts";

export type FindPlacementsDeps = {
  readonly held: Pick<HeldTable, "index">;
  readonly pins: Pick<CachedPinStore, "lookUp">;
};

/** Why a live session is where it is, by any of its names. At every agent of the table when none is named. */
export async function findPlacements(
  { agent, session }: { readonly agent: AgentName | null; readonly session: SessionId },
  deps: FindPlacementsDeps,
): Promise<readonly Why[]> {
  const agents = agent === null ? [...(deps.held.index()?.agents.keys() ?? [])] : [agent];
  const found = await Promise.all(agents.map((one) => deps.pins.lookUp(one, session)));
  return found.flatMap((held) => (held === null ? [] : [explain(held, session, deps)]));
}

function explain({ pin, expiresAt }: LivePin, asked: SessionId, { held }: FindPlacementsDeps): Why {
  const agent = held.index()?.agents.get(pin.agent);
  return {
    ...pin,
    version: agent?.releases.get(pin.release)?.version ?? null,
    rule: explainPin(pin),
    alias: pin.session === asked ? null : asked,
    expiresAt,
    idleTimeoutMs: agent?.route.idleTimeoutMs ?? null,
  };
}
