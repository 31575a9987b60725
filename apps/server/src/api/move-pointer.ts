import {
  CURRENT_POINTER,
  parseReleaseName,
  pointerOf,
  RoutingError,
  type AgentEvent,
  type AgentName,
  type AgentRecord,
  type Digest,
  type PointerName,
} from "@perch/domain";
import { admitRelease, type AdmitDeps } from "./admit-release.ts";
import { ApiError } from "./api-error.ts";
import { resolveRelease } from "./resolve-release.ts";

export type PointerMove = {
  readonly agent: AgentName;
  readonly pointer: PointerName;
  /** Where the caller thinks that it stands; null: nowhere. */
  readonly expected: string | null;
  /** A release's name; null takes the pointer away. */
  readonly release: string | null;
  readonly actor: string;
  readonly reason: string;
};

/**
 * Moves a pointer, as an entry of the ledger. Of two callers who saw it at the same place one wins; the other is told
 * where it stands. A pointer only ever stands at a release that was verified.
 */
export async function movePointer(move: PointerMove, deps: AdmitDeps): Promise<AgentRecord> {
  const { agent, pointer, expected, actor, reason } = move;
  refuseCurrent(move);
  const to = move.release === null ? null : await admitTarget(agent, move.release, deps);
  return deps.book.recordAgent(agent, (record): AgentEvent => {
    const from = pointerOf(record, pointer);
    if (from !== expected) throw movedMeanwhile(move, from);
    return { type: "pointerMoved", at: deps.now(), pointer, from, to, actor, reason };
  });
}

async function admitTarget(agent: AgentName, release: string, deps: AdmitDeps): Promise<Digest> {
  const reference = resolveRelease(parseReleaseName(release), deps.book);
  if (reference.agent === agent) return (await admitRelease(reference, deps)).digest;
  throw new RoutingError({
    code: "id_malformed",
    message: `found a release of ${reference.agent}, expected one of ${agent}`,
    hint: "a pointer stands at releases of its own agent",
  });
}

function refuseCurrent({ agent, pointer }: PointerMove): void {
  if (pointer !== CURRENT_POINTER) return;
  throw new ApiError({
    status: 409,
    code: "not_possible_now",
    message: `found ${agent}:${pointer}, expected a pointer of your own: rollouts alone move this one`,
    hint: "start a rollout to make another release current: `perch rollout start -f FILE`",
  });
}

function movedMeanwhile({ agent, pointer, expected }: PointerMove, from: Digest | null): ApiError {
  return new ApiError({
    status: 409,
    code: "pointer_moved",
    message: `found ${agent}:${pointer} ${from === null ? "not set" : `at ${from}`}, expected it ${expected === null ? "not to exist" : `at ${expected}`}`,
    hint: "somebody moved it: look where it stands now and decide anew",
  });
}
