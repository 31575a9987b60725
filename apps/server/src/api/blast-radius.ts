import type { ReportView } from "@perch/api";
import {
  wasExposed,
  writeCallsOf,
  writeToolsOf,
  type ReleaseContentSource,
  type Rollout,
  type SessionId,
  type TraceStore,
  type WriteCall,
  type WriteCallSource,
  type WriteTool,
} from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";

export type BlastRadiusDeps = {
  readonly contents: ReleaseContentSource;
  readonly writeCalls: WriteCallSource;
  readonly store: Pick<TraceStore, "evidenceOf">;
};

type BlastRadius = ReportView["blastRadius"];

const SESSIONS_AT_ONCE = 100;
/** A report is read by a person: what goes beyond this is said to be cut. */
const MOST_SESSIONS = 20_000;

/** What the canary's sessions did to the world: every call of a tool that the canary declares with `effect: write`. */
export async function blastRadiusOf(rollout: Rollout, limit: number, deps: BlastRadiusDeps): Promise<BlastRadius> {
  const nothing = { unknownBecause: "", tools: [], calls: [], isCut: false };
  let declared: readonly WriteTool[];
  try {
    const { agent } = rollout.plan;
    declared = writeToolsOf(await deps.contents.read({ kind: "digest", agent, digest: rollout.canary.digest }));
  } catch (error) {
    return { ...nothing, unknownBecause: `which tools of the canary write cannot be read: ${reasonOf(error)}` };
  }
  if (declared.length === 0 || !wasExposed(rollout)) return { ...nothing, tools: declared.map(countless) };
  const { calls, isCut } = await readCalls(rollout, declared, deps);
  return {
    unknownBecause: "",
    tools: declared.map((tool) => countsOf(tool, calls)),
    calls: calls.slice(0, limit).map((call) => ({ ...call })),
    isCut: isCut || calls.length > limit,
  };
}

async function readCalls(
  { id, canary }: Rollout,
  declared: readonly WriteTool[],
  { writeCalls, store }: BlastRadiusDeps,
): Promise<{ readonly calls: readonly WriteCall[]; readonly isCut: boolean }> {
  const tools = declared.map(({ tool }) => tool);
  const wanted = { canary: canary.digest, tools: new Set(tools) };
  const calls: WriteCall[] = [];
  let after: SessionId | null = null;
  for (let read = 0; read < MOST_SESSIONS; read += SESSIONS_AT_ONCE) {
    const query = { rollout: id, canary: canary.digest, tools, after, limit: SESSIONS_AT_ONCE };
    const keys = await writeCalls.sessionsCalling(query);
    for (const evidence of await store.evidenceOf(keys)) calls.push(...writeCallsOf(evidence, wanted));
    if (keys.length < SESSIONS_AT_ONCE) return { calls, isCut: false };
    after = keys.at(-1)?.session ?? null;
  }
  return { calls, isCut: true };
}

function countless({ tool, cancel }: WriteTool): BlastRadius["tools"][number] {
  return { tool, cancel, calls: 0, failed: 0, sessions: 0 };
}

function countsOf(tool: WriteTool, calls: readonly WriteCall[]): BlastRadius["tools"][number] {
  const own = calls.filter((call) => call.tool === tool.tool);
  return {
    ...countless(tool),
    calls: own.length,
    failed: own.filter(({ isError }) => isError).length,
    sessions: new Set(own.map(({ session }) => session)).size,
  };
}
