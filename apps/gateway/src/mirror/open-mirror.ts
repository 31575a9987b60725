import type { Llhttp } from "../http1/llhttp.ts";
import { createUpstreamPools } from "../proxy/upstream-pools.ts";
import type { TurnRecorder } from "../turns/turn-recorder.ts";
import { createMirror, type Mirror, type MirrorDeps } from "./create-mirror.ts";
import { MIRROR_LIMITS } from "./mirror-budget.ts";

export type OpenMirrorDeps = Omit<MirrorDeps, "pools" | "record" | "defer" | "limits"> & {
  readonly llhttp: Llhttp;
  readonly recorder: Pick<TurnRecorder, "record">;
};

/** Shadows have a time limit of their own, for each turn as a whole. */
const LONGEST_PATIENCE_MS = 3_600_000;

/** Its connections are its own: no user waits for one behind a shadow. */
export function openMirror({ llhttp, recorder, ...deps }: OpenMirrorDeps): Mirror {
  return createMirror({
    ...deps,
    pools: createUpstreamPools({ llhttp, tick: deps.tick, patienceMs: LONGEST_PATIENCE_MS }),
    record: (turn) => recorder.record(turn),
    defer: (run) => void setImmediate(run),
    limits: MIRROR_LIMITS,
  });
}
