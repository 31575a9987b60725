import * as fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parsePointerName } from "../release/reference.ts";
import { parseAgentName } from "../routing/ids.ts";
import { advanceAgent, newAgent, pointerOf, type AgentEvent } from "./agent-record.ts";

const [one, two] = [digestOf("one"), digestOf("two")];
const stable = parsePointerName("stable");
const empty = newAgent(parseAgentName("support"));

type Move = Extract<AgentEvent, { type: "pointerMoved" }>;

function move(from: Move["from"], to: Move["to"], pointer = stable): Move {
  return { type: "pointerMoved", at: 7, pointer, from, to, actor: "ann", reason: "" };
}

test("a pointer is set, moved and taken away", () => {
  const set = advanceAgent(empty, move(null, one));
  expect(set.pointers).toEqual([{ pointer: stable, release: one, movedAt: 7, actor: "ann" }]);
  const moved = advanceAgent(set, move(one, two));
  expect(pointerOf(moved, stable)).toBe(two);
  expect(advanceAgent(moved, move(two, null)).pointers).toEqual([]);
});

test("a move from where the pointer does not stand changes nothing", () => {
  const set = advanceAgent(empty, move(null, one));
  for (const event of [move(null, two), move(two, one), move(two, null), move(one, one)]) {
    expect(advanceAgent(set, event)).toBe(set);
  }
  expect(advanceAgent(empty, move(one, two))).toBe(empty);
});

test("pointers never disturb one another, and there is at most one of a name", () => {
  const names = ["stable", "beta", "next"].map(parsePointerName);
  const places = fc.constantFrom(null, one, two);
  const moves = fc.array(fc.record({ name: fc.constantFrom(...names), from: places, to: places }), { maxLength: 30 });
  fc.assert(
    fc.property(moves, (steps) => {
      const model = new Map<string, string | null>();
      const record = steps.reduce((held, { name, from, to }) => {
        if ((model.get(name) ?? null) === from) model.set(name, to);
        return advanceAgent(held, move(from, to, name));
      }, empty);
      for (const name of names) expect(pointerOf(record, name)).toBe(model.get(name) ?? null);
      expect(new Set(record.pointers.map(({ pointer }) => pointer)).size).toBe(record.pointers.length);
    }),
  );
});
