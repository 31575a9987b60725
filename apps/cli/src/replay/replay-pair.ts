import { clockAnswerSchema, type GateView, type RolloutView } from "@perch/api";
import type { ApiClient } from "../api-client.ts";
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

type PairGate = Pick<
  GateView,
  "name" | "kind" | "role" | "verdict" | "explanation" | "logE" | "rejectAtLogE" | "probabilityWorse" | "findings"
> & {
  readonly baseline: GateView["baseline"];
  readonly canary: GateView["canary"];
  readonly oddsRatio: GateView["oddsRatio"];
};

export type Replay = {
  readonly client: ApiClient;
  readonly gateway: RecordedGateway;
  readonly clock: SyntheticClock;
};

type Phase = RolloutView["phase"];

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
const SESSION_GAP_MS = 60_000;
const MOST_SETTLING_TURNS = 50;

/** Sends both sides' sessions in recorded order, arms alternating, and has the gates judge after every session. */
export async function replayPair(replay: Replay, recorded: RecordedRollout): Promise<PairResult> {
  await settle(replay, recorded.rollout);
  let decided: RolloutView | null = null;
  const length = Math.max(recorded.baseline.length, recorded.canary.length);
  for (let index = 0; index < length; index += 1) {
    for (const arm of ["baseline", "canary"] as const) {
      const session = recorded[arm][index];
      if (session === undefined) continue;
      await sendSession(replay, recorded, { session, arm, index });
      const phase = await settle(replay, recorded.rollout);
      if (decided === null && decisionIn(phase) !== "hold") decided = await replay.client.rollout(recorded.rollout);
    }
  }
  const last = await replay.client.rollout(recorded.rollout);
  return toResult(recorded, decided ?? last, last);
}

async function sendSession(
  { client, gateway, clock }: Replay,
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
  if (traffic.traces !== null) await post(`${client.baseUrl}/v1/traces`, traffic.traces);
  await post(`${client.baseUrl}/v1/turns`, { turns: traffic.turns });
  await post(`${client.baseUrl}/v1/logs`, traffic.logs);
  clock.set(traffic.endedAt + SESSION_GAP_MS);
}

const UNSETTLED: ReadonlySet<Phase> = new Set([
  "Pending",
  "Preparing",
  "Shifting",
  "Promoting",
  "RollingBack",
  "Aborting",
]);

/** Turns the server's loops until nothing waits for the gateway any more. */
async function settle({ client, gateway, clock }: Replay, rollout: string): Promise<Phase> {
  for (let turn = 0; turn < MOST_SETTLING_TURNS; turn += 1) {
    const answer = await post(`${client.baseUrl}/v1/clock`, { now: clock.now() });
    const phase = clockAnswerSchema.parse(await answer.json()).phases[rollout];
    if (phase === undefined) break;
    if (phase === "Failed") throw notStarted(await client.rollout(rollout));
    if (!UNSETTLED.has(phase)) return phase;
    // The acknowledgement travels on its own connection: give it a moment of real time, and the clock a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
    clock.set(clock.now() + 1);
  }
  throw new CliError({
    code: "request_refused",
    message: `the rollout ${rollout} did not settle (gateway at revision ${JSON.stringify(gateway.table()?.revision)})`,
    hint: gateway.problem() ?? "the server's log says what it waits for",
  });
}

function notStarted(view: RolloutView): CliError {
  return new CliError({
    code: "request_refused",
    message: `the rollout ${view.id} failed before any session met it: ${view.reason}`,
    hint: "the server's log says more",
  });
}

function decisionIn(phase: Phase): PairResult["decision"] {
  if (phase === "RolledBack" || phase === "RollingBack") return "rollback";
  return phase === "Succeeded" || phase === "Promoting" ? "promote" : "hold";
}

/** What a signal says has no part in a rollback. */
function rejectingGuardrails({ gates, rejectedGates }: RolloutView): readonly string[] {
  const guardrails = new Set(gates.filter(({ role }) => role === "guardrail").map(({ name }) => name));
  return rejectedGates.filter((name) => guardrails.has(name));
}

function toResult(recorded: RecordedRollout, decided: RolloutView, last: RolloutView): PairResult {
  const decision = decisionIn(decided.phase);
  return {
    id: recorded.pairId,
    decision,
    culprits: decision === "rollback" ? rejectingGuardrails(last) : [],
    culpritsAtDecision: decided.culprits,
    gates: last.gates.map((gate) => ({
      name: gate.name,
      kind: gate.kind,
      role: gate.role,
      verdict: gate.verdict,
      explanation: gate.explanation,
      logE: gate.logE,
      rejectAtLogE: gate.rejectAtLogE,
      probabilityWorse: gate.probabilityWorse,
      baseline: gate.baseline,
      canary: gate.canary,
      oddsRatio: gate.oddsRatio,
      findings: gate.findings,
    })),
    canarySessions: decided.canarySessionsAtDecision ?? decided.arms.canary.matured,
    sessions: { baseline: last.arms.baseline.matured, canary: last.arms.canary.matured },
    knownAnswer: recorded.knownAnswer,
    clock: "synthetic",
  };
}
