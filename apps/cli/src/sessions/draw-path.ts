import type { SessionPaths, SessionPathView, StepView } from "@perch/api";
import { formatDuration } from "@perch/domain";

type Turn = SessionPathView["turns"][number];
type ReleaseName = SessionPathView["release"];

/** A session's path as a tree: turns, and in each what the agent did. */
export function drawPath(session: SessionPathView): string {
  return [
    headline(session),
    summary(session),
    ...session.moves.map(
      (move) => `moved at ${clock(move.at)}: ${nameOf(move.from)} → ${nameOf(move.to)} (${move.mode})`,
    ),
    ...session.turns.flatMap((turn, index) => ["", ...drawTurn(turn, index, session)]),
    ...drawScores(session),
  ].join("\n");
}

/** For the sessions of one id; an agent each. */
export function drawPaths({ sessions }: SessionPaths): string {
  return sessions.map((session) => drawPath(session)).join("\n\n");
}

function headline({ agent, session, release, arm, rollout, step }: SessionPathView): string {
  const under = rollout === null ? [] : [`${rollout}${step === null ? "" : ` step ${step + 1}`}`];
  return [session, `${agent}@${nameOf(release)}`, arm, ...under].join("  ");
}

function summary({ startedAt, endedAt, isEnded, turns, matured }: SessionPathView): string {
  const state =
    matured === null ? [isEnded ? "ended" : "not over"] : [`mature (${matured.endedBy})`, ...resultOf(matured)];
  const length = turns.length === 1 ? "1 turn" : `${turns.length} turns`;
  return [`began ${new Date(startedAt).toISOString()}`, formatMs(endedAt - startedAt), length, ...state].join("  ");
}

function resultOf(matured: NonNullable<SessionPathView["matured"]>): readonly string[] {
  const { outcome, isEscalated, costUsd, inputTokens, outputTokens, retries, loops } = matured;
  return [
    ...(outcome === null ? [] : [outcome]),
    ...(isEscalated ? ["escalated"] : []),
    ...(inputTokens + outputTokens === 0 ? [] : [`${inputTokens} → ${outputTokens} tokens`]),
    ...(costUsd === null ? [] : [`$${costUsd.toPrecision(3)}`]),
    ...(retries === 0 ? [] : [`${retries} retries`]),
    ...(loops === 0 ? [] : [`the same call ${loops + 1} times running`]),
  ];
}

function drawTurn(turn: Turn, index: number, { release, startedAt }: SessionPathView): readonly string[] {
  const firstByte = turn.firstByteMs === null ? [] : [`first byte ${formatMs(turn.firstByteMs)}`];
  const elsewhere = turn.release.digest === release.digest ? [] : [`at ${nameOf(turn.release)}`];
  const fault = turn.fault === null ? [] : [turn.fault];
  const head = [
    `turn ${index + 1}`,
    `+${formatMs(turn.startedAt - startedAt)}`,
    `${turn.status}`,
    ...fault,
    formatMs(turn.durationMs),
    ...firstByte,
    ...elsewhere,
    `trace ${turn.traceId}`,
  ];
  if (turn.steps.length === 0) return [head.join("  "), "└─ no spans of this turn arrived"];
  return [head.join("  "), ...drawSteps(turn.steps)];
}

/** Steps come parents first. A step is the last of its siblings when none of its depth follows before a shallower one. */
function drawSteps(steps: readonly StepView[]): readonly string[] {
  return steps.map((step, index) => {
    const rest = steps.slice(index + 1);
    const lines = Array.from({ length: step.depth }, (_, depth) => (hasMore(rest, depth) ? "│  " : "   "));
    return `${lines.join("")}${hasMore(rest, step.depth) ? "├─ " : "└─ "}${describeStep(step)}`;
  });
}

function hasMore(rest: readonly StepView[], depth: number): boolean {
  const next = rest.find((step) => step.depth <= depth);
  return next !== undefined && next.depth === depth;
}

const KINDS: Readonly<Record<StepView["kind"], string>> = {
  agent: "agent",
  model: "model",
  tool: "tool",
  memory_read: "reads",
  memory_write: "writes",
};

function describeStep(step: StepView): string {
  const { kind, name, durationMs, inputTokens, outputTokens, finishReason, error, claims } = step;
  const keys =
    step.argumentShape === null ? "" : `(${step.argumentShape.replaceAll(/:[a-z]+/g, "").replaceAll(",", ", ")})`;
  return [
    `${KINDS[kind]} ${name}${kind === "tool" ? keys : ""}`,
    formatMs(durationMs),
    ...(inputTokens + outputTokens === 0 ? [] : [`${inputTokens} → ${outputTokens} tokens`]),
    ...(finishReason === null ? [] : [finishReason]),
    ...(error === null
      ? []
      : [`FAILED ${error.type ?? "error"}${error.message === null ? "" : `: ${oneLine(error.message)}`}`]),
    ...(claims === null ? [] : [`SAYS IT IS ${nameOf(claims)}`]),
  ].join("  ");
}

function drawScores({ scores }: SessionPathView): readonly string[] {
  if (scores.length === 0) return [];
  const lines = scores.map(({ name, value, label, evaluator, evaluatorVersion, at }) => {
    const by = evaluator === null ? [] : [`by ${evaluator}${evaluatorVersion === null ? "" : ` ${evaluatorVersion}`}`];
    return ["  " + name, `${Number(value.toPrecision(6))}`, ...(label === null ? [] : [label]), ...by, clock(at)].join(
      "  ",
    );
  });
  return ["", "scores", ...lines];
}

function nameOf({ version, digest }: ReleaseName): string {
  return version === "" ? digest.slice(0, 19) : version;
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

const LONGEST_MESSAGE = 120;

/** What an agent reports goes to a terminal: no escape sequences, no line breaks. */
function oneLine(text: string): string {
  const plain = text.replaceAll(/\p{Cc}+/gu, " ");
  return plain.length > LONGEST_MESSAGE ? `${plain.slice(0, LONGEST_MESSAGE)}…` : plain;
}

function formatMs(ms: number): string {
  return formatDuration(Math.max(0, ms));
}
