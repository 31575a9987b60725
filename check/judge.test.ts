import { describe, expect, test } from "vitest";
import { formatEvent, chainEntry, parseRolloutId, type LedgerEntry, type NewLedgerEntry } from "@perch/domain";
import { aClaim, aConversation, aFault, aHistory, anAttempt, BASELINE, CANARY } from "./history-builders.ts";
import type { Conversation, History } from "./history.ts";
import { isLikely } from "./judge-shares.ts";
import { judge } from "./judge.ts";
import { publishedBucket } from "./published-function.ts";

/** The first made-up session whose bucket is between the bounds. */
function sessionIn(least: number, below: number, prefix = "s"): string {
  for (let index = 0; ; index += 1) {
    const bucket = publishedBucket("seed", `${prefix}-${index}`);
    if (bucket >= least && bucket < below) return `${prefix}-${index}`;
  }
}
const inBoth = sessionIn(0, 2000);
/** In the baseline at 20 %, in the canary at 50 %. */
const between = sessionIn(2000, 5000);

function found(history: History): readonly string[] {
  return judge(history).violations.map(({ kind }) => kind);
}

/** Placed at 20 %, and asked for again at 50 %. */
function twice(
  name: string,
  second: Parameters<typeof anAttempt>[1],
  change: Partial<Conversation> = {},
): Conversation {
  const first = anAttempt(name, { at: 2000, claim: aClaim(name, "1.2") });
  return aConversation(name, [first, anAttempt(name, { turn: 1, ...second })], change);
}

test("a run in which every session stays where the function puts it has nothing wrong", () => {
  const history = aHistory([
    twice(inBoth, { at: 6000, claim: null, release: CANARY }),
    twice(between, { at: 6000, claim: null }),
  ]);
  expect(judge(history)).toMatchObject({ violations: [], sessions: 2, turns: 4, fenced: 0 });
});

describe("a session that met two releases", () => {
  const placedAgain = { at: 6000, claim: aClaim(between, "1.3", { gateway: "gw-2" }) };

  test("is a violation when the store was there", () => {
    expect(found(aHistory([twice(between, placedAgain)]))).toEqual(["switched"]);
  });

  test("is a violation when it was served where nobody had placed it", () => {
    const away = aFault({ kind: "storeAway" });
    expect(found(aHistory([twice(between, { at: 6000, claim: null, release: CANARY })], { faults: [away] }))).toEqual([
      "switched",
      "unpinned",
    ]);
  });

  test("is degraded when its gateway could not ask the store, and the client brought no pin", () => {
    const away = aFault({ kind: "storeAway", gateway: "gw-2", from: 5500, to: 6500 });
    const judgement = judge(aHistory([twice(between, placedAgain)], { faults: [away] }));
    expect([judgement.violations, judgement.degraded.storeAway]).toEqual([[], 1]);
    const elsewhere = { ...away, gateway: "gw-1" };
    expect(found(aHistory([twice(between, placedAgain)], { faults: [elsewhere] }))).toEqual(["switched"]);
    const earlier = { ...away, from: 0, to: 500 };
    expect(found(aHistory([twice(between, placedAgain)], { faults: [earlier] }))).toEqual(["switched"]);
    const withPin = twice(between, { ...placedAgain, presents: true });
    expect(found(aHistory([withPin], { faults: [away] }))).toEqual(["switched"]);
  });

  test("is degraded when the store had lost its data in between, for as long as that is told again", () => {
    const emptied = aFault({ kind: "storeEmptied", from: 4000, to: 4500 });
    const judgement = judge(aHistory([twice(between, placedAgain)], { faults: [emptied] }));
    expect([judgement.violations, judgement.degraded.storeForgot]).toEqual([[], 1]);
    const late = { at: 15_000, claim: placedAgain.claim };
    expect(found(aHistory([twice(between, late)], { faults: [emptied] }))).toEqual(["switched"]);
    const died = aFault({ kind: "gatewayDown", gateway: "gw-1", from: 4000, to: 4200 });
    expect(found(aHistory([twice(between, late)], { faults: [emptied, died] }))).toEqual([]);
  });

  test("is in order when the product recorded that it moved it", () => {
    const moved = twice(between, { at: 6000, claim: null, release: CANARY });
    expect(found(aHistory([moved], { moves: [{ session: between, to: CANARY, at: 5900 }] }))).toEqual([]);
  });
});

describe("a placement is a violation", () => {
  const once = (claim: ReturnType<typeof aClaim>, at: number, name = inBoth): Conversation =>
    aConversation(name, [anAttempt(name, { at, claim })]);

  test("when it is not what the function says by that table", () => {
    expect(found(aHistory([once(aClaim(inBoth, "1.2", { release: BASELINE, arm: "baseline" }), 2000)]))).toEqual([
      "misplaced",
    ]);
    expect(found(aHistory([once(aClaim(inBoth, "1.2", { bucket: 1 }), 2000)]))).toEqual(["misplaced"]);
    expect(found(aHistory([once(aClaim(inBoth, "1.9", {}), 2000)]))).toContain("misplaced");
  });

  test("when the gateway had acknowledged a newer table", () => {
    expect(found(aHistory([once(aClaim(between, "1.2"), 5100, between)]))).toEqual(["stale"]);
  });

  test("when it gave the canary a session after the lease had run out, counted from when the server gave it", () => {
    const late = aClaim(inBoth, "1.2");
    const renewals = [{ gateway: "gw-1", sentAt: 1000, passedAt: 2900 }];
    expect(found(aHistory([once(late, 2900)], { renewals }))).toEqual([]);
    expect(found(aHistory([once(late, 3500)], { renewals }))).toEqual(["leaseIgnored"]);
  });

  test("when it kept a session from the canary although its lease was good", () => {
    const { bucket } = aClaim(inBoth, "1.2");
    const fenced = aClaim(inBoth, "1.2", {
      release: BASELINE,
      arm: "baseline",
      rollout: null,
      step: null,
      weightBp: null,
      bucket,
    });
    expect(found(aHistory([once(fenced, 2000)]))).toEqual(["fencedWithoutCause"]);
    const cut = aFault({ kind: "partition", gateway: "gw-1", from: 1000, to: 2500 });
    expect(found(aHistory([once(fenced, 2000)], { faults: [cut] }))).toEqual([]);
    expect(found(aHistory([once(fenced, 4000)], { renewals: [{ gateway: "gw-1", sentAt: 0, passedAt: 0 }] }))).toEqual(
      [],
    );
    // Somebody else waited for the same gateway all that time: leases had come, and it read none of them.
    const waiting = (gateway: string): Conversation =>
      aConversation("waiting", [anAttempt("waiting", { at: 1000, endedAt: 2005, gateway, claim: null })]);
    expect(found(aHistory([once(fenced, 2000), waiting("gw-1")]))).toEqual([]);
    expect(found(aHistory([once(fenced, 2000), waiting("gw-2")]))).toEqual(["fencedWithoutCause"]);
  });
});

describe("a session that begins at the canary after every gateway has taken it back", () => {
  const begins = (at: number, options: { readonly wasCurrent: boolean }): History =>
    aHistory([aConversation(inBoth, [anAttempt(inBoth, { at, claim: aClaim(inBoth, "1.2") })])], {
      ledger: takenBackAt(3000, options),
    });

  test("is a leak", () => {
    expect(found(begins(2900, { wasCurrent: false }))).toEqual([]);
    expect(found(begins(3100, { wasCurrent: false }))).toEqual(["leaked"]);
  });

  test("is one too when the release had been promoted", () => {
    expect(found(begins(3100, { wasCurrent: true }))).toEqual(["leaked"]);
  });
});

function takenBackAt(at: number, { wasCurrent }: { readonly wasCurrent: boolean }): readonly LedgerEntry[] {
  const rollout = parseRolloutId("check-1");
  const propagation = { revision: { epoch: 1, sequence: 3 }, gateways: [] };
  const synced = (kind: "Promoting" | "RollingBack", since: number): NewLedgerEntry =>
    formatEvent(rollout, { type: "synced", at: since + 100, of: { kind, since }, propagation });
  const entries: NewLedgerEntry[] = [
    {
      subject: rollout,
      type: "applied",
      at: 0,
      body: { rollout, plan: { gates: [] }, canary: { digest: CANARY, version: "2" } },
    },
    ...(wasCurrent ? [synced("Promoting", at - 500)] : []),
    formatEvent(rollout, { type: "rollbackRequested", at: at - 100, actor: "check", reason: "" }),
    synced("RollingBack", at - 100),
  ];
  const chained: LedgerEntry[] = [];
  for (const entry of entries) chained.push(chainEntry(chained.at(-1) ?? null, entry));
  return chained;
}

describe("a request without an answer", () => {
  const refused = { kind: "refused", status: 503, code: "table_behind" } as const;
  const failing = (outcome: Conversation["attempts"][number]["outcome"], at: number): readonly Conversation[] => [
    aConversation(inBoth, [
      { ...anAttempt(inBoth, { at, claim: null }), outcome },
      anAttempt(inBoth, { at: at + 50, claim: aClaim(inBoth, "1.2") }),
    ]),
  ];

  test("is explained by a gateway that was killed, and by nothing else", () => {
    const broken = { kind: "broken", reason: "connect ECONNREFUSED" } as const;
    const down = aFault({ kind: "gatewayDown", gateway: "gw-1", from: 1900, to: 2300 });
    expect(found(aHistory(failing(broken, 2000)))).toEqual(["unexplainedFailure"]);
    const judgement = judge(aHistory(failing(broken, 2000), { faults: [down] }));
    expect([judgement.violations, judgement.failures]).toEqual([[], { "connect ECONNREFUSED": 1 }]);
    expect(found(aHistory(failing(broken, 2000), { faults: [{ ...down, gateway: "gw-2" }] }))).toEqual([
      "unexplainedFailure",
    ]);
  });

  test("is explained by a gateway that had not the newest table yet", () => {
    const acks = [{ gateway: "gw-1", revision: "1.1", at: 0 }];
    expect(found(aHistory(failing(refused, 2000), { acks }))).toEqual([]);
    expect(found(aHistory(failing(refused, 2000)))).toEqual(["unexplainedFailure"]);
    expect(found(aHistory(failing({ ...refused, code: "internal" }, 2000), { acks }))).toEqual(["unexplainedFailure"]);
  });

  test("is a violation in the end, and so is somebody else's answer", () => {
    expect(found(aHistory([aConversation("gone", [], { unanswered: 1 })]))).toEqual(["unanswered"]);
    const good = anAttempt(inBoth, { at: 2000, claim: aClaim(inBoth, "1.2") });
    const history = aHistory([aConversation(inBoth, [good])]);
    const echoed = { ...good, outcome: { ...good.outcome, echoed: -1 } } as typeof good;
    expect(found({ ...history, conversations: [aConversation(inBoth, [echoed])] })).toEqual(["wrongAnswer"]);
    expect(found({ ...history, agentTurns: [...history.agentTurns, ...history.agentTurns] })).toEqual(["wrongAnswer"]);
  });
});

test("a turn is in the server once, with its release, and so is the placement before it", () => {
  const history = aHistory([aConversation(inBoth, [anAttempt(inBoth, { at: 2000, claim: aClaim(inBoth, "1.2") })])]);
  const [turn, assignment] = history.records;
  if (turn === undefined || assignment === undefined) throw new Error("no records");
  expect(found({ ...history, records: [assignment] })).toEqual(["turnRecord"]);
  expect(found({ ...history, records: [turn, { ...turn, id: "again" }, assignment] })).toEqual(["turnRecord"]);
  expect(found({ ...history, records: [{ ...turn, release: BASELINE }, assignment] })).toEqual(["turnRecord"]);
  expect(found({ ...history, records: [turn] })).toEqual(["assignmentRecord"]);
  expect(found({ ...history, pins: new Map() })).toEqual(["unpinned"]);
});

test("a rollout has to end as planned", () => {
  expect(found(aHistory([], { expected: new Map([["check-1", "RolledBack"]]) }))).toEqual(["rollout"]);
  expect(found(aHistory([], { expected: new Map([["check-1", "refused"]]) }))).toEqual([]);
});

test("a share is unlikely when chance would give it less than once in the given times", () => {
  const share = { rollout: "check-1", step: 0, weightBp: 1000, assigned: 10_000 };
  expect([900, 1000, 1100].map((canary) => isLikely({ ...share, canary }, 1e-6))).toEqual([true, true, true]);
  expect([0, 800, 1200].map((canary) => isLikely({ ...share, canary }, 1e-6))).toEqual([false, false, false]);
});
