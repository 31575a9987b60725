import {
  digestOf,
  parseRolloutId,
  parseSessionId,
  writeCallsOf,
  type SessionId,
  type TraceStore,
  type WriteCallSource,
} from "@perch/domain";
import { expect, test } from "vitest";
import { aTurnRecord } from "./routing-builders.ts";
import { aSpan, aToolCall } from "./telemetry-builders.ts";

const ROLLOUT = parseRolloutId("support-2-3-1");
const CANARY = digestOf("support 2.3.1");
type Query = Parameters<WriteCallSource["sessionsCalling"]>[0];
const EVERYTHING: Query = { rollout: ROLLOUT, canary: CANARY, tools: ["refund"], after: null, limit: 100 };

type Storage = { readonly store: TraceStore; readonly writeCalls: WriteCallSource };

/** What every source of write calls promises of what was written to its store. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeWriteCalls(storage: () => Storage): void {
  let traces = 0;

  /** A session of one turn in which one tool was called. */
  async function calls(
    name: string,
    { tool = "refund", ...turn }: { tool?: string } & Partial<ReturnType<typeof aTurnRecord>> = {},
  ): Promise<SessionId> {
    traces += 1;
    const [session, traceId] = [parseSessionId(name), traces.toString(16).padStart(32, "0")];
    const shared = { session, traceId, rollout: ROLLOUT, step: 0, arm: "canary" as const, release: CANARY };
    await storage().store.appendTurns([aTurnRecord({ id: `turn ${traces}`, ...shared, ...turn })]);
    const call = aToolCall({ name: tool, idempotencyKey: `key of ${name}` });
    await storage().store.appendSpans([aSpan({ traceId, kind: "tool", tool: call })]);
    return session;
  }

  const found = async (query: Partial<Query> = {}) =>
    (await storage().writeCalls.sessionsCalling({ ...EVERYTHING, ...query })).map(({ session }) => session);

  test("names the canary's sessions that called one of the tools, and no others", async () => {
    const wrote = await calls("wrote");
    await calls("only-read", { tool: "look_up" });
    await calls("baseline", { arm: "baseline" });
    await calls("of-another-rollout", { rollout: parseRolloutId("another") });
    await calls("answered-by-another-release", { release: digestOf("support 2.3.0") });
    expect(await found()).toEqual([wrote]);
    expect(await found({ tools: [] })).toEqual([]);
    expect(await found({ tools: ["look_up", "refund"] })).toHaveLength(2);
  });

  test("names a session that called it in a trace of the agent's own, and tells of the call", async () => {
    const session = await calls("s-1", { tool: "look_up" });
    const attribution = { ...aSpan().attribution, session, release: CANARY };
    const own = { traceId: "f".repeat(32), tool: aToolCall({ name: "refund" }) };
    await storage().store.appendSpans([aSpan({ ...own, attribution })]);
    expect(await found()).toEqual([session]);
    const [evidence] = await storage().store.evidenceOf([{ agent: aTurnRecord().agent, session }]);
    const told = evidence === undefined ? [] : writeCallsOf(evidence, { canary: CANARY, tools: new Set(["refund"]) });
    expect(told).toMatchObject([{ session, traceId: own.traceId, tool: "refund" }]);
  });

  test("comes in pages, by session, without gaps or repeats", async () => {
    for (const name of ["c", "a", "b"]) await calls(name);
    const [a, b] = [parseSessionId("a"), parseSessionId("b")];
    expect(await found({ limit: 2 })).toEqual([a, b]);
    expect(await found({ after: b, limit: 2 })).toEqual([parseSessionId("c")]);
  });

  test("with the evidence of a session, each of its calls is told once, with its idempotency key", async () => {
    const session = await calls("s-1");
    const [key] = await storage().writeCalls.sessionsCalling(EVERYTHING);
    const [evidence] = await storage().store.evidenceOf(key === undefined ? [] : [key]);
    const told = evidence === undefined ? [] : writeCallsOf(evidence, { canary: CANARY, tools: new Set(["refund"]) });
    expect(told).toEqual([expect.objectContaining({ session, tool: "refund", idempotencyKey: "key of s-1" })]);
  });
}
