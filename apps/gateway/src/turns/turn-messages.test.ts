import type { KeptTurns } from "@perch/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createTurnMessages } from "./turn-messages.ts";

const aBatch = fc.array(fc.record({ id: fc.string() }), { minLength: 1, maxLength: 5 });
const kept = (turns: readonly object[], id: number): KeptTurns => ({
  id,
  count: turns.length,
  json: Buffer.from(JSON.stringify(turns)),
});

test("each message is all records of its batches, whatever the messages before it were", () => {
  const aMessage = fc.array(aBatch, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(fc.record({ message: aMessage, isAbandoned: fc.boolean() })), (steps) => {
      const messages = createTurnMessages();
      for (const { message, isAbandoned } of steps) {
        const text = messages.of(message.map(kept)).toString();
        expect(JSON.parse(text)).toEqual({ turns: message.flat() });
        if (isAbandoned) messages.abandon();
      }
    }),
  );
});

test("one that was abandoned stays as it is; otherwise the next one takes its place", () => {
  const messages = createTurnMessages();
  const first = messages.of([kept([{ id: "first" }], 1)]);
  messages.abandon();
  const second = messages.of([kept([{ id: "second" }], 2)]);
  const third = messages.of([kept([{ id: "third" }], 3)]);
  expect(JSON.parse(first.toString())).toEqual({ turns: [{ id: "first" }] });
  expect([second.buffer === third.buffer, first.buffer === third.buffer]).toEqual([true, false]);
});

test("the memory of a very long message is not kept", () => {
  const messages = createTurnMessages();
  const long = messages.of([kept([{ id: "x".repeat(5_000_000) }], 1)]);
  const short = messages.of([kept([{ id: "short" }], 2)]);
  expect(JSON.parse(long.toString()).turns[0].id).toHaveLength(5_000_000);
  expect(short.buffer).not.toBe(long.buffer);
});
