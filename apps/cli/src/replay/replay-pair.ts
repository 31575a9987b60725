import { rolloutViewSchema, type GateView, type RolloutView } from "@perch/api";
import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { post, type RecordedGateway } from "./recorded-gateway.ts";
import { toTraffic, type Placement } from "./recorded-traffic.ts";
import type { RecordedSession } from "./recordings.ts";
import type { SyntheticClock } from "./synthetic-clock.ts";

/** What the gates said of one pair. `culprits`: all guardrails that reject by the end of the recording. */
export type PairResult = {
  readonly id: string;
  readonly decision: "rollback" | "promote" | "hold";
  readonly culprits: readonly string[];
  readonly culpritsAtDecision: readonly string[];
  readonly gates: readonly PairGate[];
  /** Canary sessions judged when the decision fell; without a decision, all of them. */
  readonly canarySessions: number;
  readonly sessions: { readonly baseline: number; readonly canary: number };
  readonly knownAnswer: string | null;
  readonly clock: "synthetic";
};

type PairGate = Pick<GateView, "name" | "verdict" | "explanation" | "logE" | "rejectAtLogE" | "probabilityWorse"> & {
  readonly baseline: GateView["baseline"];
  readonly canary: GateView["canary"];
  readonly oddsRatio: GateView["oddsRatio"];
};

export type Replay = {
  readonly serverUrl: string;
  readonly gateway: RecordedGateway;
  readonly clock: SyntheticClock;
};

export type RecordedRollout = {
  readonly pairId: string;
  readonly knownAnswer: string | null;
  readonly agent: string;
  readonly rollout: string;
  readonly releases: { readonly baseline: string; readonly canary: string };
  readonly baseline: readonly RecordedSession[];
  readonly canary: readonly RecordedSession[];
};

/** Longer than the server's lateness, so that a session that has ended is mature at the next turn of the clock. */
export const SESSION_GAP_MS = 60_000;
const MOST_SETTLING_TURNS = 50;

/** Sends both sides' sessions in recorded order, arms alternating, and has the gates judge after every session. */
export async function replayPair(replay: Replay, recorded: RecordedRollout): Promise<PairResult> {
  let view = await settle(replay, recorded.rollout);
  let decided: RolloutView | null = null;
  const length = Math.max(recorded.baseline.length, recorded.canary.length);
  for (let index = 0; index < length; index += 1) {
    for (const arm of ["baseline", "canary"] as const) {
      const session = recorded[arm][index];
      if (session === undefined) continue;
      await sendSession(replay, recorded, { session, arm, index });
      view = await settle(replay, recorded.rollout);
      if (decided === null && decisionOf(view) !== "hold") decided = view;
    }
  }
  return toResult(recorded, decided ?? view, view);
}

async function sendSession(
  { serverUrl, gateway, clock }: Replay,
  recorded: RecordedRollout,
  { session, arm, index }: { session: RecordedSession; arm: "baseline" | "canary"; index: number },
): Promise<void> {
  const placement: Placement = {
    // A session that is drawn twice is two sessions.
    session: `${recorded.pairId}:${arm}:${index}:${session.session_id}`.replaceAll(/[^\x21-\x7e]/g, "_"),
    agent: recorded.agent,
    arm,
    release: recorded.releases[arm],
    rollout: recorded.rollout,
    step: 0,
    gateway: gateway.id,
    startedAt: clock.now(),
  };
  const traffic = toTraffic(session, placement);
  if (traffic.traces !== null) await post(`${serverUrl}/v1/traces`, traffic.traces);
  await post(`${serverUrl}/v1/turns`, { turns: traffic.turns });
  await post(`${serverUrl}/v1/logs`, traffic.logs);
  clock.set(traffic.endedAt + SESSION_GAP_MS);
}

const clockAnswerSchema = z.object({ now: z.number(), rollouts: z.array(rolloutViewSchema) });

/** Turns the server's loops until nothing waits for the gateway any more. */
async function settle({ serverUrl, gateway, clock }: Replay, rollout: string): Promise<RolloutView> {
  for (let turn = 0; turn < MOST_SETTLING_TURNS; turn += 1) {
    const answer = clockAnswerSchema.parse(await (await post(`${serverUrl}/v1/clock`, { now: clock.now() })).json());
    const view = answer.rollouts.find((candidate) => candidate.id === rollout);
    if (view === undefined) break;
    if (view.phase === "Failed") throw notStarted(view);
    if (!["Pending", "Preparing", "Shifting", "Promoting", "RollingBack", "Aborting"].includes(view.phase)) return view;
    // The acknowledgement travels on its own connection: give it a moment of real time, and the clock a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
    clock.set(clock.now() + 1);
  }
  throw new CliError({
    code: "request_refused",
    message: `the rollout ${rollout} did not settle (gateway at revision ${JSON.stringify(gateway.table()?.revision)})`,
    hint: "the server's log says what it waits for",
  });
}

function notStarted(view: RolloutView): CliError {
  return new CliError({
    code: "request_refused",
    message: `the rollout ${view.id} failed before any session met it: ${view.reason}`,
    hint: "the server's log says more",
  });
}

function decisionOf(view: RolloutView): PairResult["decision"] {
  if (view.phase === "RolledBack" || view.phase === "RollingBack") return "rollback";
  return view.phase === "Succeeded" || view.phase === "Promoting" ? "promote" : "hold";
}

function toResult(recorded: RecordedRollout, decided: RolloutView, last: RolloutView): PairResult {
  const decision = decisionOf(decided);
  return {
    id: recorded.pairId,
    decision,
    culprits: decision === "rollback" ? last.rejectedGates : [],
    culpritsAtDecision: decided.culprits,
    gates: last.gates.map((gate) => ({
      name: gate.name,
      verdict: gate.verdict,
      explanation: gate.explanation,
      logE: gate.logE,
      rejectAtLogE: gate.rejectAtLogE,
      probabilityWorse: gate.probabilityWorse,
      baseline: gate.baseline,
      canary: gate.canary,
      oddsRatio: gate.oddsRatio,
    })),
    canarySessions: decided.canarySessionsAtDecision ?? decided.arms.canary.matured,
    sessions: { baseline: last.arms.baseline.matured, canary: last.arms.canary.matured },
    knownAnswer: recorded.knownAnswer,
    clock: "synthetic",
  };
}
