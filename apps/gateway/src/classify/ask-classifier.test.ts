import type { HttpClassifier, Utterance } from "@perch/domain";
import { expect, test } from "vitest";
import { createAskClassifier, type AskClassifier } from "./ask-classifier.ts";
import { LinkFailure } from "./classifier-link.ts";

const classifier: HttpClassifier = {
  kind: "http",
  name: "router",
  version: "7",
  urls: ["http://a", "http://b"],
  timeoutMs: 300,
};
const utterance: Utterance = {
  head: { method: "POST", path: "/support/chat", query: "?key=secret", header: () => "secret" },
  agentPath: "/chat",
  body: "b".repeat(9000),
  text: "t".repeat(9000),
};
const question = { agent: "support", utterance };
const good = JSON.stringify({ intent: "refund.status", confidence: 0.9, version: "7" });

type Post = (url: string, json: string) => Promise<string>;

function asking(post: Post): { ask: () => ReturnType<AskClassifier>; pass: (ms: number) => void; asked: string[] } {
  let now = 0;
  const asked: string[] = [];
  const ask = createAskClassifier({
    link: {
      async post(url, json) {
        asked.push(url);
        return await post(url, json);
      },
    },
    tick: () => now,
  });
  return { ask: () => ask(classifier, question), pass: (ms) => void (now += ms), asked };
}

test("an answer of the right version counts", async () => {
  expect(await asking(async () => good).ask()).toEqual({ kind: "intent", intent: "refund.status", confidence: 0.9 });
});

test("a classifier is told what the turn says, cut short, and nothing of headers, query or ids", async () => {
  let sent: unknown;
  await asking(async (_url, json) => {
    sent = JSON.parse(json);
    return good;
  }).ask();
  expect(sent).toEqual({
    agent: "support",
    classifier: { name: "router", version: "7" },
    method: "POST",
    path: "/chat",
    text: "t".repeat(4000),
    excerpt: "b".repeat(4000),
  });
});

test.each([
  ["another version", { intent: "a", confidence: 1, version: "8" }, "versionMismatch"],
  ["no intent", { intent: null, confidence: 0, version: "7" }, "noIntent"],
  ["no name of an intent", { intent: "drop table", confidence: 1, version: "7" }, "malformed"],
  ["more than certainty", { intent: "a", confidence: 90, version: "7" }, "malformed"],
  ["no version", { intent: "a", confidence: 1 }, "malformed"],
  ["nothing", null, "malformed"],
])("an answer of %s leaves it unsure", async (_, answer, reason) => {
  expect(await asking(async () => JSON.stringify(answer)).ask()).toEqual({ kind: "unsure", reason });
  expect(await asking(async () => "<html>").ask()).toEqual({ kind: "unsure", reason: "malformed" });
});

test("one that fails five times in a row is left alone for five seconds, then tried once", async () => {
  let isDown = true;
  const { ask, pass, asked } = asking(async () => {
    if (isDown) throw new LinkFailure("timeout");
    return good;
  });
  for (let count = 0; count < 5; count += 1) expect(await ask()).toEqual({ kind: "unsure", reason: "timeout" });
  expect(await ask()).toEqual({ kind: "unsure", reason: "circuitOpen" });
  pass(5000);
  const [tried, other] = await Promise.all([ask(), ask()]);
  expect([tried, other]).toMatchObject([{ reason: "timeout" }, { reason: "circuitOpen" }]);
  isDown = false;
  pass(5000);
  expect([await ask(), await ask()]).toMatchObject([{ kind: "intent" }, { kind: "intent" }]);
  expect(asked).toHaveLength(8);
});

test("no more than 64 questions are under way, and the rest is not asked", async () => {
  const answers: (() => void)[] = [];
  const { ask } = asking(async () => {
    await new Promise<void>((resolve) => answers.push(resolve));
    return good;
  });
  const first = Array.from({ length: 64 }, () => ask());
  expect(await ask()).toEqual({ kind: "unsure", reason: "busy" });
  for (const answer of answers) answer();
  expect((await Promise.all(first)).every(({ kind }) => kind === "intent")).toBe(true);
});

test("of several places each is asked in turn, and none is a classifier that cannot be reached", async () => {
  const { ask, asked } = asking(async () => good);
  await ask();
  await ask();
  expect(asked).toEqual(["http://a", "http://b"]);
  const nowhere = createAskClassifier({ link: { post: async () => good }, tick: () => 0 });
  expect(await nowhere({ ...classifier, urls: [] }, question)).toEqual({ kind: "unsure", reason: "unreachable" });
});
