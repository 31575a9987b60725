import { expect, test } from "vitest";
import { createConversations, type Turn } from "./conversations.ts";

const turn = (text: string): Turn => [{ role: "user", content: text }];

function keep(limits: { maxSessions?: number; maxTurns?: number; idleMs?: number } = {}) {
  let clock = 0;
  const conversations = createConversations({
    maxSessions: 10,
    maxTurns: 10,
    idleMs: 1000,
    ...limits,
    now: () => clock,
  });
  return { conversations, pass: (ms: number) => (clock += ms) };
}

test("what was said is remembered by session", () => {
  const { conversations } = keep();
  conversations.append("a", turn("one"), false);
  conversations.append("b", turn("other"), false);
  conversations.append("a", turn("two"), true);
  expect(conversations.read("a")).toMatchObject({ turns: [turn("one"), turn("two")], isEscalated: true });
  expect(conversations.read("unknown")).toEqual({ turns: [], isEscalated: false });
});

test("a long conversation keeps its latest turns, whole", () => {
  const { conversations } = keep({ maxTurns: 2 });
  for (const text of ["one", "two", "three"]) conversations.append("a", turn(text), false);
  expect(conversations.read("a").turns).toEqual([turn("two"), turn("three")]);
});

test("beyond the limit the session that was quiet longest is forgotten", () => {
  const { conversations } = keep({ maxSessions: 2 });
  conversations.append("a", turn("one"), false);
  conversations.append("b", turn("one"), false);
  conversations.append("a", turn("two"), false);
  conversations.append("c", turn("one"), false);
  expect(["a", "b", "c"].map((session) => conversations.read(session).turns.length)).toEqual([2, 0, 1]);
});

test("an idle session is forgotten in time", () => {
  const { conversations, pass } = keep({ idleMs: 1000 });
  conversations.append("a", turn("one"), false);
  pass(1000);
  expect(conversations.read("a").turns).toEqual([]);
});

test("an ended session starts anew", () => {
  const { conversations } = keep();
  conversations.append("a", turn("one"), true);
  conversations.end("a");
  expect(conversations.read("a")).toEqual({ turns: [], isEscalated: false });
});

test("a session has one turn in progress at most", () => {
  const { conversations } = keep();
  expect([conversations.reserve("a"), conversations.reserve("a"), conversations.reserve("b")]).toEqual([
    true,
    false,
    true,
  ]);
  conversations.release("a");
  expect(conversations.reserve("a")).toBe(true);
});
