import {
  digestOf,
  NO_MEASURES,
  parseAgentName,
  parseGatewayId,
  parseRolloutId,
  parseSessionId,
  type SessionQuery,
  type SessionSource,
  type TraceStore,
  type TurnRecord,
} from "@perch/domain";
import { expect, test } from "vitest";
import { ODD_MEASURES } from "./odd-measures.ts";
import { aTurnRecord } from "./routing-builders.ts";
import { aMaturedSession } from "./telemetry-builders.ts";

const SUPPORT = parseAgentName("support");
const SALES = parseAgentName("sales");
const ROLLOUT = parseRolloutId("support-2-3-1");
const [OLD, NEW] = [digestOf("support 2.3.0"), digestOf("support 2.3.1")];
const id = parseSessionId;

let records = 0;
function aTurn(session: string, startedAt: number, change: Partial<TurnRecord> = {}): TurnRecord {
  records += 1;
  return aTurnRecord({ id: `${records}`, session: id(session), startedAt, durationMs: 20, ...change });
}

const everything: SessionQuery = {
  agent: null,
  releases: null,
  arm: null,
  rollout: null,
  onlyLive: false,
  liveSince: 0,
  startedBefore: null,
  startedSince: null,
  outcome: null,
  isEscalated: null,
  tool: null,
  after: null,
  limit: 100,
};

/** What every source promises of sessions by their turn records, whatever rollout they belong to. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeSessionListing(storage: () => { store: TraceStore; sessions: SessionSource }): void {
  const list = (change: Partial<SessionQuery> = {}) => storage().sessions.list({ ...everything, ...change });
  const names = async (change: Partial<SessionQuery> = {}) => (await list(change)).map(({ session }) => session);

  test("sessions are found by when they began, and matured ones by what they came to", async () => {
    const { measures } = aMaturedSession();
    await storage().store.appendTurns(["a", "b", "c"].map((session, index) => aTurn(session, 1000 + index)));
    await storage().store.appendSessions([
      aMaturedSession({ session: id("a"), isEscalated: true, toolSequence: ["it's ; odd"] }),
      aMaturedSession({ sequence: 2, session: id("b"), measures: { ...measures, outcome: "failure" } }),
    ]);
    expect(await names({ startedSince: 1001 })).toEqual(["c", "b"]);
    expect(await names({ startedSince: 1001, startedBefore: 1002 })).toEqual(["b"]);
    expect(await names({ isEscalated: true })).toEqual(["a"]);
    expect(await names({ isEscalated: false })).toEqual(["b"]);
    expect(await names({ outcome: "failure" })).toEqual(["b"]);
    expect(await names({ tool: "it's ; odd" })).toEqual(["a"]);
    expect(await names({ tool: "it's ; odd", isEscalated: false })).toEqual([]);
  });

  test("a session is listed with where it was assigned, where it is, and its turns", async () => {
    const assigned = { arm: "canary", rollout: ROLLOUT, step: 2, release: NEW } as const;
    const first = aTurn("a", 1000, assigned);
    await storage().store.appendTurns([
      { ...first, id: "assignment", kind: "assignment", durationMs: 0 },
      first,
      aTurn("a", 2000, assigned),
      aTurn("only-ended", 10, { kind: "sessionEnd" }),
    ]);
    expect(await list()).toEqual([
      {
        agent: SUPPORT,
        session: "a",
        release: NEW,
        arm: "canary",
        rollout: ROLLOUT,
        step: 2,
        startedAt: 1000,
        lastTurnAt: 2020,
        turns: 2,
        releases: 1,
        state: "live",
        settled: null,
      },
    ]);
  });

  test("a session is live, then ended or idle, then mature", async () => {
    await storage().store.appendTurns([
      aTurn("live", 5000),
      aTurn("idle", 1000),
      aTurn("ended", 5000, { endsSession: true }),
      aTurn("said", 5000),
      aTurn("said", 5100, { kind: "sessionEnd" }),
      aTurn("mature", 5000),
    ]);
    await storage().store.appendSessions([aMaturedSession({ session: id("mature") })]);
    const states = new Map((await list({ liveSince: 2000 })).map(({ session, state }) => [String(session), state]));
    expect(states).toEqual(
      new Map([
        ["live", "live"],
        ["idle", "ended"],
        ["ended", "ended"],
        ["said", "ended"],
        ["mature", "mature"],
      ]),
    );
    expect(await names({ liveSince: 2000, onlyLive: true })).toEqual(["live"]);
  });

  test("a mature session is listed with what it came to, each agent's with its own", async () => {
    await storage().store.appendTurns([aTurn("a", 1000), aTurn("a", 2000, { agent: SALES }), aTurn("b", 3000)]);
    const support = aMaturedSession({ session: id("a"), sequence: 1, isEscalated: true, measures: ODD_MEASURES });
    const sales = aMaturedSession({ session: id("a"), sequence: 2, agent: SALES });
    await storage().store.appendSessions([support, sales]);
    expect((await list()).map(({ settled }) => settled)).toEqual([
      null,
      { isEscalated: false, measures: NO_MEASURES },
      { isEscalated: true, measures: ODD_MEASURES },
    ]);
  });

  test("sessions are found by agent, release, arm, rollout and age", async () => {
    await storage().store.appendTurns([
      aTurn("a", 1000),
      aTurn("b", 2000, { arm: "canary", rollout: ROLLOUT, step: 0, release: NEW }),
      aTurn("c", 3000, { agent: SALES }),
    ]);
    expect(await names({ agent: "sales" })).toEqual(["c"]);
    expect(await names({ releases: [NEW] })).toEqual(["b"]);
    expect(await names({ releases: [] })).toEqual([]);
    expect(await names({ arm: "canary" })).toEqual(["b"]);
    expect(await names({ rollout: ROLLOUT })).toEqual(["b"]);
    expect(await names({ startedBefore: 2000 })).toEqual(["a"]);
  });

  test("pages follow one another, live sessions oldest first, all of them newest first", async () => {
    const turns = ["a", "b", "c", "d"].map((session, index) => aTurn(session, 1000 + 10 * Math.floor(index / 2)));
    await storage().store.appendTurns([...turns, aTurn("a", 1000, { agent: SALES })]);
    for (const onlyLive of [true, false]) {
      const all = await list({ onlyLive });
      expect(all.map(({ startedAt }) => startedAt)).toEqual(
        onlyLive ? [1000, 1000, 1000, 1010, 1010] : [1010, 1010, 1000, 1000, 1000],
      );
      const pages = [];
      for (let after = null as SessionQuery["after"]; ; after = pages.at(-1) ?? null) {
        const page = await list({ onlyLive, after, limit: 2 });
        pages.push(...page);
        if (page.length < 2) break;
      }
      expect(pages).toEqual(all);
    }
  });

  test("pages of what fits follow one another too, whatever is asked", async () => {
    const canary = { arm: "canary", rollout: ROLLOUT, step: 0, release: NEW } as const;
    const sessions = ["a", "b", "c", "d", "e", "f"];
    await storage().store.appendTurns(
      sessions.map((session, index) => aTurn(session, 1000 + index, index % 3 === 0 ? {} : canary)),
    );
    await storage().store.appendSessions(
      sessions.map((session, index) =>
        aMaturedSession({ sequence: index + 1, session: id(session), isEscalated: true }),
      ),
    );
    const asked: Partial<SessionQuery> = {
      agent: "support",
      arm: "canary",
      rollout: String(ROLLOUT),
      releases: [NEW],
      isEscalated: true,
      startedSince: 1001,
      startedBefore: 1005,
    };
    const first = await list({ ...asked, limit: 2 });
    expect(first.map(({ session }) => String(session))).toEqual(["e", "c"]);
    expect(
      (await list({ ...asked, limit: 2, after: first.at(-1) ?? null })).map(({ session }) => String(session)),
    ).toEqual(["b"]);
  });

  test("each release is summed up: who is live, since when, and its last turn", async () => {
    await storage().store.appendTurns([
      aTurn("a", 1000),
      aTurn("a", 5000),
      aTurn("b", 4000),
      aTurn("c", 1000, { release: NEW }),
      aTurn("d", 9000, { agent: SALES }),
    ]);
    const activity = await storage().sessions.releaseActivity({ agent: "support", liveSince: 2000 });
    expect(activity).toEqual([
      { agent: SUPPORT, release: OLD, live: 2, oldestAt: 1000, lastTurnAt: 5020 },
      { agent: SUPPORT, release: NEW, live: 0, oldestAt: null, lastTurnAt: 1020 },
    ]);
    expect(await storage().sessions.releaseActivity({ agent: null, liveSince: 2000 })).toHaveLength(3);
  });

  test("traffic is what a release got: new sessions and turns of the window, and who still talks", async () => {
    await storage().store.appendTurns([
      aTurn("old", 1000),
      aTurn("old", 6000),
      aTurn("silent", 1000),
      aTurn("new", 5000, { release: NEW }),
      aTurn("new", 5500, { release: NEW }),
      aTurn("over", 5000, { release: NEW, endsSession: true }),
      aTurn("other", 5000, { agent: SALES }),
    ]);
    const traffic = await storage().sessions.releaseTraffic({ agent: SUPPORT, since: 4000, liveSince: 3000 });
    expect(traffic.toSorted((a, b) => b.turns - a.turns)).toEqual([
      { release: NEW, newSessions: 2, liveSessions: 1, turns: 3 },
      { release: OLD, newSessions: 0, liveSessions: 1, turns: 1 },
    ]);
  });

  test("a session that was moved is new where it began, and live where it went", async () => {
    await storage().store.appendTurns([aTurn("a", 1000), aTurn("a", 2000, { release: NEW })]);
    const traffic = await storage().sessions.releaseTraffic({ agent: SUPPORT, since: 0, liveSince: 0 });
    const countsOf = (release: string) => traffic.find((one) => one.release === release);
    expect(countsOf(OLD)).toMatchObject({ newSessions: 1, liveSessions: 0, turns: 1 });
    expect(countsOf(NEW)).toMatchObject({ newSessions: 0, liveSessions: 1, turns: 1 });
    expect(await list()).toMatchObject([{ release: NEW, releases: 2 }]);
  });

  test("what is recorded of an id tells how each agent's session was placed, and its releases", async () => {
    const gateway = parseGatewayId("gw-7");
    await storage().store.appendTurns([
      aTurn("a", 1000, { gateway, arm: "canary", rollout: ROLLOUT, step: 1, release: NEW }),
      aTurn("a", 3000, { release: OLD, endsSession: true }),
      aTurn("a", 2000, { agent: SALES }),
    ]);
    await storage().store.appendSessions([
      aMaturedSession({ session: id("a"), agent: SALES, maturedAt: 9000, endedBy: "idle" }),
    ]);
    const recorded = await storage().sessions.recorded({ session: id("a"), agent: null });
    expect(recorded.toSorted((one, two) => one.first.at - two.first.at)).toEqual([
      {
        agent: SUPPORT,
        session: "a",
        first: { at: 1000, gateway, release: NEW, arm: "canary", rollout: ROLLOUT, step: 1 },
        byRelease: [
          { release: NEW, turns: 1, firstAt: 1000, lastAt: 1020 },
          { release: OLD, turns: 1, firstAt: 3000, lastAt: 3020 },
        ],
        isEnded: true,
        matured: null,
      },
      {
        agent: SALES,
        session: "a",
        first: { at: 2000, gateway: "gw-1", release: OLD, arm: "baseline", rollout: null, step: null },
        byRelease: [{ release: OLD, turns: 1, firstAt: 2000, lastAt: 2020 }],
        isEnded: false,
        matured: { at: 9000, endedBy: "idle" },
      },
    ]);
    expect(await storage().sessions.recorded({ session: id("a"), agent: SALES })).toHaveLength(1);
    expect(await storage().sessions.recorded({ session: id("never-seen"), agent: null })).toEqual([]);
  });
}
