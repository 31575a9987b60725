import { createMemoryPinStore } from "@perch/adapters/in-memory";
import { createLog } from "@perch/adapters/json-log";
import type { QuestionAnswer } from "@perch/api";
import { digestOf, parseAgentName, parseSessionId, type PinStore } from "@perch/domain";
import { anAgentRoute, aPin, aRoutingTable } from "@perch/testkit";
import { expect, test } from "vitest";
import { createHeldTable } from "../table/held-table.ts";
import { createQuestionAnswerer } from "./answer-questions.ts";

const SALES = parseAgentName("sales");
const pin = aPin({ assignedAt: 500 });

/** What a gateway of two agents answers, by pins in `store`. */
async function answerTo(
  ask: unknown,
  change: Partial<PinStore> = {},
): Promise<{ answer: QuestionAnswer["answer"] | null; lines: string[] }> {
  const kept = createMemoryPinStore(() => 1000);
  await kept.claim(pin, 100);
  await kept.alias({ agent: pin.agent, alias: parseSessionId("resp_1"), session: pin.session }, 100);
  await kept.claim(aPin({ agent: SALES, session: parseSessionId("shared") }), 100);
  await kept.claim(aPin({ session: parseSessionId("shared") }), 100);
  const held = createHeldTable(() => 0);
  held.offer(aRoutingTable({ agents: [anAgentRoute(), anAgentRoute({ agent: SALES, pathPrefix: "/sales" })] }));
  const lines: string[] = [];
  const log = createLog(
    (line) => lines.push(line),
    () => 0,
  );
  const { promise, resolve } = Promise.withResolvers<QuestionAnswer["answer"] | null>();
  const link = {
    answer: async ({ question, answer }: QuestionAnswer) => {
      resolve(question === "q-1" ? answer : null);
      return { kind: "accepted" } as const;
    },
  };
  const store = { ...kept, ...change };
  const about = { version: "1.2.0", randomHex: () => "0123456789abcdef" };
  const take = createQuestionAnswerer({ held, pins: store, store, link, log, ...about });
  take(typeof ask === "string" ? ask : JSON.stringify({ id: "q-1", ask }), new AbortController().signal);
  if (lines.length > 0) resolve(null);
  return { answer: await promise, lines };
}

const ofSession = (session: string, agent: string | null = null): object => ({ kind: "session", agent, session });

test("says why a session is where it is, with what is left of its pin", async () => {
  const { answer } = await answerTo(ofSession("session-1"));
  expect(answer).toEqual({
    kind: "session",
    placements: [
      {
        ...pin,
        version: "2.3.0",
        rule: "no rollout was under way, so it went to its gateway's current release",
        alias: null,
        expiresAt: 1100,
        idleTimeoutMs: 60_000,
      },
    ],
  });
});

test("by another name of the session tells both names", async () => {
  const { answer } = await answerTo(ofSession("resp_1"));
  expect(answer).toMatchObject({ placements: [{ session: "session-1", alias: "resp_1" }] });
});

test("finds the sessions of all agents, or of the one that is named", async () => {
  const agents = async (agent: string | null): Promise<readonly string[]> => {
    const { answer } = await answerTo(ofSession("shared", agent));
    return answer?.kind === "session" ? answer.placements.map((one) => one.agent) : [];
  };
  expect(await agents(null)).toEqual(["support", "sales"]);
  expect(await agents("sales")).toEqual(["sales"]);
});

test("counts the live pins of each release, and names the store", async () => {
  const { answer } = await answerTo({ kind: "pins" }, { identity: async () => "store-1" });
  const count = (agent: string, version: string, pins: number) => ({ agent, release: digestOf(version), pins });
  expect(answer).toEqual({
    kind: "pins",
    store: "store-1",
    live: [
      count("support", "support 2.3.0", 2),
      count("support", "support 2.3.1", 0),
      count("sales", "support 2.3.0", 1),
      count("sales", "support 2.3.1", 0),
    ],
  });
});

test("a store that is away is a failure, and no zero", async () => {
  const away = { countLive: () => Promise.reject(new Error("away")), lookUp: () => Promise.reject(new Error("away")) };
  expect((await answerTo({ kind: "pins" }, away)).answer).toEqual({ kind: "failed", reason: "away" });
  expect((await answerTo(ofSession("session-1"), away)).answer).toEqual({ kind: "failed", reason: "away" });
});

test.each(["what?", "{}", '{"id":"q-1","ask":{"kind":"weather"}}'])(
  "a question that is not understood (%s) is told in the log",
  async (data) => {
    const { answer, lines } = await answerTo(data);
    expect(answer).toBeNull();
    expect(lines.join("")).toContain("does not understand");
  },
);

test("says its version, and that its pin store can be written", async () => {
  const { answer } = await answerTo({ kind: "about" });
  expect(answer).toEqual({ kind: "about", version: "1.2.0", pinStore: { failure: null } });
});

test("says why its pin store cannot be written, although it can be read", async () => {
  const mark = async (): Promise<never> => {
    throw new Error("attempt to write a readonly database");
  };
  const { answer } = await answerTo({ kind: "about" }, { mark });
  expect(answer).toMatchObject({ kind: "about", pinStore: { failure: "attempt to write a readonly database" } });
});
