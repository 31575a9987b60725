import type { Question, QuestionAnswer } from "@perch/api";
import { parseGatewayId } from "@perch/domain";
import { expect, test } from "vitest";
import { createGatewayQuestions } from "./questions.ts";

const [ONE, TWO] = [parseGatewayId("gw-1"), parseGatewayId("gw-2")];
const NOTHING: QuestionAnswer["answer"] = { kind: "session", placements: [] };

function create({ isConnected = true, wait = () => new Promise<void>(() => {}) } = {}) {
  const sent: Question[] = [];
  const hub = { ask: (_: unknown, question: Question) => sent.push(question) > 0 && isConnected };
  let ids = 0;
  return { sent, questions: createGatewayQuestions({ hub, newId: () => `q-${(ids += 1)}`, wait }) };
}

test("each question gets its own answer", async () => {
  const { questions, sent } = create();
  const [first, second] = [questions.ask(ONE, { kind: "pins" }), questions.ask(ONE, { kind: "pins" })];
  expect(sent.map(({ id }) => id)).toEqual(["q-1", "q-2"]);
  questions.take(ONE, { question: "q-2", answer: NOTHING });
  questions.take(ONE, { question: "q-1", answer: { kind: "failed", reason: "away" } });
  expect([await first, await second]).toEqual([{ kind: "failed", reason: "away" }, NOTHING]);
});

test("a gateway cannot answer for another, nor what nobody asked", async () => {
  const { questions } = create();
  const asked = questions.ask(ONE, { kind: "pins" });
  questions.take(TWO, { question: "q-1", answer: NOTHING });
  questions.take(ONE, { question: "q-9", answer: NOTHING });
  questions.take(ONE, { question: "q-1", answer: { kind: "failed", reason: "mine" } });
  expect(await asked).toEqual({ kind: "failed", reason: "mine" });
});

test("a gateway that is not connected, or takes too long, gives no answer", async () => {
  expect(await create({ isConnected: false }).questions.ask(ONE, { kind: "pins" })).toBeNull();
  expect(await create({ wait: async () => {} }).questions.ask(ONE, { kind: "pins" })).toBeNull();
});
