import type { GateBoard } from "./board.ts";
import type { CountGate, GateSpec } from "./gate-spec.ts";
import { promiseOf } from "./promise.ts";
import { isReadAtAge, type GateReader } from "./read-block.ts";

/** The board's gates with what has been frozen for them by now: how the next block is to be read. */
export function readersOf(board: GateBoard): readonly GateReader[] {
  return board.gates.map(({ gate, learnt }) => ({
    gate,
    features: learnt.kind === "structure" ? (learnt.features?.map(({ feature }) => feature) ?? null) : null,
    landmarkMs: learnt.kind === "landmark" && learnt.readAt === "block" ? learnt.ageMs : null,
  }));
}

/** How a block of sessions that began after the promotion is read: only what a promise is judged by. */
export function promiseReadersOf(board: GateBoard): readonly GateReader[] {
  return board.gates
    .filter(({ gate }) => promiseOf(gate).kind !== "none")
    .map(({ gate }) => ({ gate: asWhole(gate), features: null, landmarkMs: null }));
}

/** A promise is about all sessions, as they ended. */
function asWhole(gate: GateSpec): GateSpec {
  if (gate.kind !== "proportion" && gate.kind !== "score") return gate;
  const { segments: _segments, landmark: _landmark, ...whole } = gate;
  return whole;
}

/** A gate that reads its sessions at an age of its own. */
export type GateAge = { readonly gate: CountGate; readonly ageMs: number };

export function agesOf(board: GateBoard): readonly GateAge[] {
  return board.gates.flatMap(({ gate, learnt }) =>
    learnt.kind === "landmark" && isReadAtAge(gate) ? [{ gate, ageMs: learnt.ageMs }] : [],
  );
}
