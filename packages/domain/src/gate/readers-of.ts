import type { GateBoard } from "./board.ts";
import type { GateReader } from "./read-block.ts";

/** The board's gates with what has been frozen for them by now: how the next block is to be read. */
export function readersOf(board: GateBoard): readonly GateReader[] {
  return board.gates.map(({ gate, learnt }) => ({
    gate,
    features: learnt.kind === "structure" ? (learnt.features?.map(({ feature }) => feature) ?? null) : null,
    landmarkMs: learnt.kind === "landmark" ? learnt.ageMs : null,
  }));
}
