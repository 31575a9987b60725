import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import {
  digestOf,
  parseRolloutId,
  parseSessionId,
  startRollout,
  type ReleaseContent,
  type Rollout,
} from "@perch/domain";
import { anAppliedEvent, aReleaseContent, aRolloutPlan, aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import { expect, test } from "vitest";
import { blastRadiusOf } from "./blast-radius.ts";

const ID = parseRolloutId("support-2-3-1");
const CANARY = { digest: digestOf("2.3.1"), version: "2.3.1" };
const REFUND = { effect: "write", lifecycle: { cancel: "https://api.example/cancel" } };

function aRollout(isExposed = true): Rollout {
  const plan = aRolloutPlan({ analysis: { gates: [{ name: "error-rate", kind: "proportion" }] } });
  const rollout = startRollout(anAppliedEvent({ plan }));
  const shifting = { at: 1, phase: "Shifting" as const, weightBp: 500, text: "", actor: "controller" };
  return isExposed ? { ...rollout, timeline: [...rollout.timeline, shifting] } : rollout;
}

/** Canary sessions that called `refund` once each. */
async function createWorld(
  sessions: number,
  contentOf: () => ReleaseContent = () => aReleaseContent({ tools: { refund: REFUND } }),
) {
  const traces = createMemoryTraceStore();
  for (let n = 1; n <= sessions; n += 1) {
    const traceId = n.toString(16).padStart(32, "0");
    const session = parseSessionId(`session-${String(n).padStart(4, "0")}`);
    const turn = aTurnRecord({ id: `turn ${n}`, session, traceId, rollout: ID, arm: "canary", release: CANARY.digest });
    await traces.store.appendTurns([turn]);
    const tool = aToolCall({ name: "refund", idempotencyKey: `key-${n}` });
    await traces.store.appendSpans([aSpan({ traceId, tool, isError: n === 1 })]);
  }
  return { ...traces, contents: { read: async () => contentOf() } };
}

test("tells every call, over as many pages of sessions as there are, with what takes it back", async () => {
  const blast = await blastRadiusOf(aRollout(), 1000, await createWorld(250));
  expect(blast.tools).toEqual([
    { tool: "refund", cancel: "https://api.example/cancel", calls: 250, failed: 1, sessions: 250 },
  ]);
  expect(blast.calls.map(({ idempotencyKey }) => idempotencyKey)).toEqual(
    Array.from({ length: 250 }, (_, index) => `key-${index + 1}`),
  );
  expect(blast.isCut).toBe(false);
});

test("lists no more calls than were asked for, counts all, and says that it is cut", async () => {
  const blast = await blastRadiusOf(aRollout(), 2, await createWorld(5));
  expect([blast.calls.length, blast.tools[0]?.calls, blast.isCut]).toEqual([2, 5, true]);
});

test("a canary that nobody met wrote nothing, and one that declares no writing tool could not", async () => {
  const readsOnly = () => aReleaseContent({ tools: { look_up: { effect: "read" } } });
  expect((await blastRadiusOf(aRollout(false), 10, await createWorld(1))).calls).toEqual([]);
  expect(await blastRadiusOf(aRollout(), 10, await createWorld(1, readsOnly))).toMatchObject({ tools: [], calls: [] });
});

test("where the release cannot be read it is unknown, never nothing", async () => {
  const world = await createWorld(1, () => {
    throw new Error("the registry is away");
  });
  expect((await blastRadiusOf(aRollout(), 10, world)).unknownBecause).toContain("the registry is away");
});
