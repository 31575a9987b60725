import type { PinStore } from "@perch/domain";
import type { HeldTable } from "../table/held-table.ts";

export type CountPinsDeps = {
  readonly held: Pick<HeldTable, "index">;
  readonly store: Pick<PinStore, "countLive" | "identity">;
};

export type PinCount = { readonly agent: string; readonly release: string; readonly pins: number };

/** The live pins of every release in the table. Throws when the store does not answer: then there may be any number. */
export async function countPins({ held, store }: CountPinsDeps): Promise<{ store: string; live: PinCount[] }> {
  const releases = [...(held.index()?.agents.values() ?? [])].flatMap(({ route }) =>
    route.releases.map(({ release }) => ({ agent: route.agent, release })),
  );
  const [identity, ...live] = await Promise.all([
    store.identity(),
    ...releases.map(async ({ agent, release }) => ({ agent, release, pins: await store.countLive(agent, release) })),
  ]);
  return { store: identity, live };
}
