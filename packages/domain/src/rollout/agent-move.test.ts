import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseMoveId } from "../routing/ids.ts";
import { advanceMoves, routeMoves, type AgentMove, type MoveEvent, type MoveStanding } from "./agent-move.ts";

const id = parseMoveId("support.move-1");
const order = {
  id,
  from: digestOf("new"),
  to: digestOf("old"),
  session: null,
  mode: "migrate",
  boundary: { header: true, idleMs: null },
  rollout: null,
} as const;
const beginning = { at: 5, order, actor: "ann", reason: "bad", memoryProblems: ["field name"] } as const;
const EVENTS: Readonly<Record<MoveEvent["type"], MoveEvent>> = {
  moveRequested: { type: "moveRequested", ...beginning },
  moveHeld: { type: "moveHeld", ...beginning },
  moveOpened: { type: "moveOpened", at: 6, id },
  moveEnded: { type: "moveEnded", at: 7, id, outcome: "finished", actor: "controller", reason: "nobody" },
  movePast: { type: "movePast", at: 8, id },
};
type Kind = MoveStanding["kind"];
const ENDED = { closedAt: 7, outcome: "finished", because: "nobody" } as const;
const STANDINGS: Readonly<Record<Kind, MoveStanding>> = {
  prepared: { kind: "prepared" },
  open: { kind: "open", openedAt: 6 },
  closed: { kind: "closed", ...ENDED },
  past: { kind: "past", ...ENDED },
  held: { kind: "held", because: "memory" },
};
const NEXT: Readonly<Record<Kind, Readonly<Record<MoveEvent["type"], Kind>>>> = {
  prepared: {
    moveRequested: "prepared",
    moveHeld: "prepared",
    moveOpened: "open",
    moveEnded: "closed",
    movePast: "prepared",
  },
  open: { moveRequested: "open", moveHeld: "open", moveOpened: "open", moveEnded: "closed", movePast: "open" },
  closed: { moveRequested: "closed", moveHeld: "closed", moveOpened: "closed", moveEnded: "closed", movePast: "past" },
  past: { moveRequested: "past", moveHeld: "past", moveOpened: "past", moveEnded: "past", movePast: "past" },
  held: { moveRequested: "held", moveHeld: "held", moveOpened: "held", moveEnded: "held", movePast: "held" },
};

function aMoveAt(standing: MoveStanding): AgentMove {
  return { ...order, requestedAt: 5, actor: "ann", reason: "bad", memoryProblems: [], standing };
}

for (const [kind, standing] of Object.entries(STANDINGS) as [Kind, MoveStanding][]) {
  for (const [type, event] of Object.entries(EVENTS) as [MoveEvent["type"], MoveEvent][]) {
    test(`a move that is ${kind} is ${NEXT[kind][type]} after ${type}`, () => {
      const moves = [aMoveAt(standing)];
      const after = advanceMoves(moves, event);
      expect(after[0]?.standing.kind).toBe(NEXT[kind][type]);
      expect(after === moves).toBe(NEXT[kind][type] === kind);
    });
  }
}

test("a move begins prepared, or held with the reason", () => {
  expect(advanceMoves([], EVENTS.moveRequested)).toEqual([
    { ...aMoveAt({ kind: "prepared" }), memoryProblems: ["field name"] },
  ]);
  expect(advanceMoves([], EVENTS.moveHeld)[0]?.standing).toEqual({
    kind: "held",
    because: "its sessions drain instead, because memory does not go along: field name",
  });
});

test("gateways hear of moves until nothing of them is left at clients, and never of held ones", () => {
  const phases = Object.values(STANDINGS).flatMap((standing) =>
    routeMoves([aMoveAt(standing)]).map(({ phase }) => phase),
  );
  expect(phases).toEqual(["prepared", "open", "closed"]);
});
