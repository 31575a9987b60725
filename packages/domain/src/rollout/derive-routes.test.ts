import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseRolloutId } from "../routing/ids.ts";
import { startRollout } from "./advance.ts";
import { advanceAgent, newAgent, type AgentEvent, type AgentRecord } from "./agent-record.ts";
import { currentRelease, deriveRoute, isQuarantined, releaseStatus, type RouteDefaults } from "./derive-routes.ts";
import type { RolloutPlan } from "./plan.ts";
import type { Phase, Rollout } from "./rollout.ts";
import { parseRolloutSpec } from "./spec.ts";

const DEFAULTS: RouteDefaults = {
  idleTimeoutMs: 7,
  sessionExtractors: [{ kind: "header", name: "x-session-id" }],
  sessionLearners: [],
  places: new Map(),
  now: 0,
};
const [baseline, canary] = [digestOf("2.3.0"), digestOf("2.3.1")];

function admitted(digest: typeof baseline, version: string): AgentEvent {
  const policy = { escalationTools: [], successTools: [] };
  return { type: "releaseAdmitted", at: 1, release: { digest, version }, policy, signedBy: ["key"] };
}
function deployed(release: typeof baseline, url: string, replaces = true): AgentEvent {
  return { type: "deploymentRegistered", at: 2, release, url, replaces };
}

const EVENTS = [
  admitted(baseline, "2.3.0"),
  deployed(baseline, "http://a"),
  admitted(canary, "2.3.1"),
  deployed(canary, "http://b"),
];
const record: AgentRecord = EVENTS.reduce(advanceAgent, newAgent(parseAgentName("support")));

function aRollout(phase: Phase, change: Partial<Rollout> = {}, gate: object = {}): Rollout {
  const parsed = parseRolloutSpec({
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: "one" },
    spec: {
      agent: "support",
      release: "2.3.1",
      steps: [{ setWeight: 5 }, { setWeight: 25 }],
      analysis: { gates: [{ name: "escalation-rate", kind: "proportion", ...gate }] },
    },
  });
  if (parsed.kind === "invalid") throw new Error("invalid");
  const started = startRollout({
    type: "applied",
    at: 0,
    actor: "ada",
    rollout: parseRolloutId("one"),
    plan: parsed.plan,
    baseline: { digest: baseline, version: "2.3.0" },
    canary: { digest: canary, version: "2.3.1" },
    seed: "seed",
    forcedBecause: "",
    isSynthetic: false,
  });
  return { ...started, phase, ...change };
}

const canaryOf = (phase: Phase) => deriveRoute(record, [aRollout(phase)], DEFAULTS)?.canary ?? null;
const PAUSED = { kind: "Paused", step: 1, startedAt: null, gates: [] } as const;

test("the first release that is deployed is the current one, a second one is only known", () => {
  expect(currentRelease(record, [])).toBe(baseline);
  expect(deriveRoute(record, [], DEFAULTS)).toMatchObject({
    hosts: [],
    pathPrefix: "/support",
    sessionExtractors: DEFAULTS.sessionExtractors,
    current: baseline,
    canary: null,
    idleTimeoutMs: 7,
    releases: [
      { release: baseline, version: "2.3.0", urls: ["http://a"] },
      { release: canary, version: "2.3.1", urls: ["http://b"] },
    ],
  });
  expect(deriveRoute(newAgent(parseAgentName("support")), [], DEFAULTS)).toBeNull();
});

test("the canary gets the weight of its step while it is exposed, and none before or after", () => {
  expect(canaryOf({ kind: "Shifting", step: 1 })).toMatchObject({
    step: 1,
    weightBp: 2500,
    release: canary,
    seed: "seed",
  });
  expect(canaryOf({ kind: "Baking", step: 0, startedAt: 0 })).toMatchObject({ step: 0, weightBp: 500 });
  expect(canaryOf({ ...PAUSED, routedStep: 1, why: "manual" })).toMatchObject({ step: 1, weightBp: 2500 });
  // Sessions of the earlier weight belong to the earlier step.
  expect(canaryOf({ ...PAUSED, routedStep: 0, why: "routerStale" })).toMatchObject({ step: 0, weightBp: 500 });
  expect(canaryOf({ ...PAUSED, routedStep: null, why: "routerStale" })).toBeNull();
  expect(canaryOf({ kind: "Pending", isQueued: false })).toBeNull();
  for (const kind of [
    "Preparing",
    "Promoting",
    "RollingBack",
    "RolledBack",
    "Aborting",
    "Aborted",
    "Superseding",
    "Superseded",
    "Failed",
  ] as const) {
    expect(canaryOf({ kind })).toBeNull();
  }
});

test("a promotion that bakes tells whose its sessions are, if some gate has an objective that they can break", () => {
  const rollbackUntil = 86_400_000;
  const routeAt = (now: number, gate: object) => {
    const promoted = aRollout({ kind: "Succeeded", rollbackUntil }, {}, gate);
    return deriveRoute(record, [promoted], { ...DEFAULTS, now });
  };
  const promising = { objective: { max: 0.2 } };
  expect(routeAt(3_599_999, promising)).toMatchObject({
    current: canary,
    canary: { rollout: "one", step: 2, weightBp: 10_000, release: canary, seed: "seed" },
  });
  expect(routeAt(3_600_000, promising)?.canary).toBeNull();
  expect(routeAt(0, {})?.canary).toBeNull();
  expect(routeAt(0, { ...promising, onFail: "pause" })?.canary).toBeNull();
});

test("the last rollout that says where the session id stands decides, also when it is over", () => {
  const [header, cookie] = [{ kind: "header", name: "a" } as const, { kind: "cookie", name: "b" } as const];
  const { targetingKey: _none, ...old } = aRollout({ kind: "Failed" }).plan;
  const extractors = (...changes: Pick<RolloutPlan, "targetingKey">[]) =>
    deriveRoute(
      record,
      changes.map((change) => aRollout({ kind: "Failed" }, { plan: { ...old, ...change } })),
      DEFAULTS,
    )?.sessionExtractors;
  expect(extractors({ targetingKey: [header] }, { targetingKey: [cookie] })).toEqual([cookie]);
  expect(extractors({ targetingKey: [header] }, { targetingKey: null })).toEqual([header]);
  // As older versions recorded it.
  expect(extractors({})).toEqual(DEFAULTS.sessionExtractors);
});

test("an agent is where its place says", () => {
  const places = new Map([[record.agent, { hosts: ["support.example"], pathPrefix: "" }]]);
  expect(deriveRoute(record, [], { ...DEFAULTS, places })).toMatchObject({
    hosts: ["support.example"],
    pathPrefix: "",
  });
});

test("the last promotion decides what is current, and a promotion that was taken back does not", () => {
  const promoted = aRollout({ kind: "Succeeded", rollbackUntil: 1 });
  expect(currentRelease(record, [promoted])).toBe(canary);
  expect(currentRelease(record, [aRollout({ kind: "Promoting" })])).toBe(canary);
  expect(currentRelease(record, [promoted, aRollout({ kind: "RolledBack" })])).toBe(canary);
  expect(currentRelease(record, [aRollout({ kind: "RolledBack" })])).toBe(baseline);
});

test("without a lease new sessions go back to the baseline of a promotion, for as long as it may be taken back", () => {
  const at = (phase: Phase, now: number) => deriveRoute(record, [aRollout(phase)], { ...DEFAULTS, now });
  expect(at({ kind: "Promoting" }, 0)).toMatchObject({ current: canary, withoutLease: baseline });
  expect(at({ kind: "Succeeded", rollbackUntil: 10 }, 9)).toMatchObject({ current: canary, withoutLease: baseline });
  expect(at({ kind: "Succeeded", rollbackUntil: 10 }, 10)).toMatchObject({ current: canary, withoutLease: canary });
  expect(at({ kind: "RolledBack" }, 0)).toMatchObject({ current: baseline, withoutLease: baseline });
  const isGone = { ...record, deployments: record.deployments.filter(({ release }) => release === canary) };
  expect(deriveRoute(isGone, [aRollout({ kind: "Promoting" })], DEFAULTS)).toMatchObject({ withoutLease: canary });
});

test("a release has the status that its rollouts give it", () => {
  const statuses = (phase: Phase, livePins: number | null = null) =>
    [baseline, canary].map((release) =>
      releaseStatus({ release, livePins, openTransactions: 0 }, record, [aRollout(phase, { timeline: EXPOSED })]),
    );
  expect(statuses({ kind: "Baking", step: 0, startedAt: 0 })).toEqual(["Current", "Ramping"]);
  expect(statuses({ kind: "Succeeded", rollbackUntil: 1 })).toEqual(["Draining", "Current"]);
  expect(statuses({ kind: "RolledBack" })).toEqual(["Current", "Draining"]);
  expect(statuses({ kind: "RolledBack" }, 1)).toEqual(["Current", "Draining"]);
  expect(statuses({ kind: "RolledBack" }, 0)).toEqual(["Current", "Drained"]);
  expect(statuses({ kind: "Baking", step: 0, startedAt: 0 }, 0)).toEqual(["Current", "Ramping"]);
  expect(
    [baseline, canary].map((release) => releaseStatus({ release, livePins: 0, openTransactions: 0 }, record, [])),
  ).toEqual(["Current", "Inactive"]);
});
const EXPOSED: Rollout["timeline"] = [{ at: 0, phase: "Shifting", weightBp: 500, text: "", actor: "controller" }];

test("a release with an open transaction, or with one that may be, is draining", () => {
  const status = (openTransactions: number | null) =>
    releaseStatus({ release: canary, livePins: 0, openTransactions }, record, [
      aRollout({ kind: "RolledBack" }, { timeline: EXPOSED }),
    ]);
  expect([status(0), status(1), status(null)]).toEqual(["Drained", "Draining", "Draining"]);
});

test("only a guardrail's rollback quarantines, until the release is tried again", () => {
  const rolledBack = (culprits: readonly string[]) =>
    aRollout({ kind: "RolledBack" }, { decision: { decidedAt: 1, culprits, canarySessions: 1, logE: {} } });
  expect(isQuarantined(canary, [rolledBack(["escalation-rate"])])).toBe(true);
  expect(isQuarantined(canary, [rolledBack([])])).toBe(false);
  expect(isQuarantined(canary, [rolledBack(["escalation-rate"]), aRollout({ kind: "Pending", isQueued: false })])).toBe(
    false,
  );
  expect(isQuarantined(canary, [])).toBe(false);
});

describe("a deployment", () => {
  const urls = (events: readonly AgentEvent[]) =>
    events.reduce(advanceAgent, record).deployments.map(({ release, url }) => [release === canary, url]);

  test("takes the place of the release's earlier ones, unless it is added", () => {
    expect(urls([deployed(baseline, "http://c")])).toEqual([
      [true, "http://b"],
      [false, "http://c"],
    ]);
    expect(urls([deployed(baseline, "http://c", false)])).toHaveLength(3);
  });

  test("takes an address away from the release that had it", () => {
    expect(urls([deployed(canary, "http://a")])).toEqual([[true, "http://a"]]);
  });

  test("that is registered or removed again changes nothing", () => {
    expect(advanceAgent(record, deployed(canary, "http://b"))).toBe(record);
    expect(advanceAgent(record, admitted(canary, "2.3.1"))).toBe(record);
    const gone = advanceAgent(record, { type: "deploymentRemoved", at: 3, release: canary, url: "http://b" });
    expect(gone.deployments).toHaveLength(1);
    expect(advanceAgent(gone, { type: "deploymentRemoved", at: 4, release: canary, url: "http://b" })).toBe(gone);
  });
});
