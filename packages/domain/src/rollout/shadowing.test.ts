import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseRolloutId } from "../routing/ids.ts";
import { advance, startRollout } from "./advance.ts";
import { advanceAgent, newAgent, type AgentEvent } from "./agent-record.ts";
import { activeRollout, currentRelease, deriveRoute } from "./derive-routes.ts";
import type { Rollout, RolloutEvent } from "./rollout.ts";
import { parseRolloutSpec } from "./spec.ts";
import { canaryWeightBp, isFinal, wasExposed } from "./weight.ts";

const [baseline, canary] = [digestOf("2.3.0"), digestOf("2.3.1")];
const MIRROR = { percentage: 10, sideEffects: "block", timeout: "30s", spendCap: { sessions: 5 } };
const GATES = [{ name: "escalation-rate", kind: "proportion" }];

function begin(spec: object): Rollout {
  const file = {
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: "one" },
    spec: { agent: "support", release: "2.3.1", ...spec },
  };
  const parsed = parseRolloutSpec(file);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return startRollout({
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
}

const shadowOnly = (pause: object = { duration: "10ms" }): Rollout =>
  begin({ strategy: { type: "shadow" }, steps: [{ setMirrorRoute: MIRROR, pause }] });
const beforeWeights = (pause: object = { duration: "10ms" }): Rollout =>
  begin({ steps: [{ setMirrorRoute: MIRROR, pause }, { setWeight: 5 }], analysis: { gates: GATES } });

const passed = (at: number): RolloutEvent => ({ type: "timePassed", at });
const asked = (type: "pauseRequested" | "resumeRequested" | "rollbackRequested" | "abortRequested", at = 50) =>
  ({ type, at, actor: "ada", reason: "" }) as const;

/** Shadowing since 1, acknowledged at 100. */
function shadowing(rollout: Rollout): Rollout {
  const events: RolloutEvent[] = [
    passed(1),
    { type: "prepared", at: 1, references: {} },
    {
      type: "synced",
      at: 100,
      of: { kind: "Shadowing", since: 1 },
      propagation: { revision: { epoch: 1, sequence: 2 }, gateways: [] },
    },
  ];
  return events.reduce(advance, rollout);
}

const AGENT_EVENTS: AgentEvent[] = [
  ["2.3.0", baseline],
  ["2.3.1", canary],
].flatMap(([version = "", digest = ""]) => {
  const release = { version, digest: digestOf(version) };
  const policy = { escalationTools: [], successTools: [] };
  return digest === ""
    ? []
    : ([
        { type: "releaseAdmitted", at: 0, release, policy, signedBy: [] },
        { type: "deploymentRegistered", at: 0, release: release.digest, url: `http://${version}`, replaces: true },
      ] as const);
});
const record = AGENT_EVENTS.reduce(advanceAgent, newAgent(parseAgentName("support")));
const routeOf = (rollout: Rollout) =>
  deriveRoute(record, [rollout], { idleTimeoutMs: 7, sessionExtractors: [], sessionLearners: [], places: new Map() });

test("a mirror comes before the first weight, and its time begins with the last acknowledgement", () => {
  const rollout = shadowing(beforeWeights());
  expect(rollout.phase).toEqual({ kind: "Shadowing", startedAt: 100, hold: null });
  expect(advance(rollout, passed(109))).toBe(rollout);
  expect(advance(rollout, passed(110)).phase).toEqual({ kind: "Shifting", step: 0 });
});

test("without an acknowledgement nothing goes on", () => {
  const waiting = [passed(1), { type: "prepared", at: 1, references: {} } as const].reduce(advance, beforeWeights());
  expect(waiting).toMatchObject({ phase: { kind: "Shadowing", startedAt: null }, propagation: null });
  expect(advance(waiting, passed(1_000_000))).toBe(waiting);
});

test("while it mirrors, the baseline serves everybody and the table says what is mirrored", () => {
  const rollout = shadowing(beforeWeights());
  expect([canaryWeightBp(rollout), wasExposed(rollout)]).toEqual([0, false]);
  expect(routeOf(rollout)).toMatchObject({
    current: baseline,
    canary: null,
    mirror: {
      rollout: "one",
      seed: "seed",
      percentageBp: 1000,
      release: canary,
      timeoutMs: 30_000,
      caps: { sessions: 5, turns: 10_000, requestBytes: 1_000_000_000 },
    },
  });
});

test("a rollout that only mirrors succeeds without promoting anything, and cannot be rolled back to anything", () => {
  const done = advance(shadowing(shadowOnly()), passed(110));
  expect(done.phase).toEqual({ kind: "Succeeded", rollbackUntil: 110 });
  expect([isFinal(done), wasExposed(done), canaryWeightBp(done)]).toEqual([true, false, 0]);
  expect(currentRelease(record, [done])).toBe(baseline);
  expect(activeRollout(record, [done])).toBeNull();
  expect(routeOf(done)).toMatchObject({ current: baseline, canary: null, mirror: null });
  expect(advance(done, asked("rollbackRequested", 110))).toBe(done);
});

test("a person may hold what comes after the mirror, and has to approve it where the file says so", () => {
  const held = advance(shadowing(beforeWeights()), asked("pauseRequested"));
  expect(held).toMatchObject({ phase: { kind: "Shadowing", hold: "manual" }, reason: "paused by hand by ada" });
  expect(advance(held, passed(1000))).toBe(held);
  expect(routeOf(held)?.mirror).not.toBeNull();
  expect(advance(advance(held, asked("resumeRequested")), passed(110)).phase.kind).toBe("Shifting");

  const asking = advance(shadowing(beforeWeights({ duration: "10ms", requiresApproval: true })), passed(110));
  expect(asking.phase).toEqual({ kind: "Shadowing", startedAt: 100, hold: "approval" });
  expect(advance(asking, asked("resumeRequested", 200)).phase).toEqual({ kind: "Shifting", step: 0 });
});

test.each(["rollbackRequested", "abortRequested"] as const)("%s takes the mirror away at once", (type) => {
  expect(routeOf(advance(shadowing(beforeWeights()), asked(type)))).toMatchObject({ canary: null, mirror: null });
});

test("a cap on sessions lets those under way go on, any other ends them too; both are in the timeline", () => {
  const rollout = shadowing(beforeWeights());
  const stop = (stops: "newSessions" | "everything") =>
    ({ type: "mirrorStopped", at: 105, reason: "the cap", stops }) as const;
  const full = advance(rollout, stop("newSessions"));
  expect(routeOf(full)?.mirror).toMatchObject({ percentageBp: 0 });
  expect(full.timeline.at(-1)).toMatchObject({ phase: "Shadowing", text: "mirrors no further session: the cap" });
  expect(advance(full, stop("newSessions"))).toBe(full);
  const over = advance(full, stop("everything"));
  expect(routeOf(over)?.mirror).toBeNull();
  expect(over.timeline.at(-1)?.text).toBe("mirrors nothing more: the cap");
  expect(advance(over, stop("newSessions"))).toBe(over);
  expect(advance(over, passed(110)).phase.kind).toBe("Shifting");
});
