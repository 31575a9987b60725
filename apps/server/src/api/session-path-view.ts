import type { SessionPathView, StepView } from "@perch/api";
import {
  sessionPath,
  type Digest,
  type MaturedSession,
  type PathStep,
  type PathTurn,
  type RecordedSession,
  type Score,
  type SessionEvidence,
} from "@perch/domain";

type Known = {
  readonly evidence: SessionEvidence | null;
  readonly matured: MaturedSession | null;
  readonly versionOf: (release: Digest) => string;
};

/** A session as its page and the command line draw it. */
export function sessionPathView(recorded: RecordedSession, { evidence, matured, versionOf }: Known): SessionPathView {
  const named = (digest: Digest) => ({ digest, version: versionOf(digest) });
  const { agent, session, first, byRelease, isEnded } = recorded;
  return {
    agent,
    session,
    release: named(first.release),
    arm: first.arm,
    rollout: first.rollout,
    step: first.step,
    startedAt: first.at,
    endedAt: Math.max(...byRelease.map(({ lastAt }) => lastAt)),
    isEnded,
    turns: evidence === null ? [] : sessionPath(evidence).map((turn) => turnView(turn, versionOf)),
    moves: (evidence?.moves ?? []).map(({ at, from, to, mode }) => ({ at, from: named(from), to: named(to), mode })),
    scores: (evidence?.scores ?? []).toSorted((a, b) => a.at - b.at).map((score) => scoreView(score)),
    matured: matured === null ? null : maturedView(matured),
  };
}

function scoreView(score: Score): SessionPathView["scores"][number] {
  const { name, value, label, at, evaluator, evaluatorVersion } = score;
  return { name, value, label, at, evaluator, evaluatorVersion };
}

function maturedView(matured: MaturedSession): NonNullable<SessionPathView["matured"]> {
  const { maturedAt: at, endedBy, isEscalated, inputTokens, outputTokens, meanSentiment, measures } = matured;
  const { outcome, costUsd, retries, loops } = measures;
  return { at, endedBy, isEscalated, outcome, costUsd, inputTokens, outputTokens, meanSentiment, retries, loops };
}

function turnView({ record, steps }: PathTurn, versionOf: Known["versionOf"]): SessionPathView["turns"][number] {
  const { id, traceId, startedAt, durationMs, firstByteMs, status, fault, release } = record;
  return {
    id,
    traceId,
    startedAt,
    durationMs,
    firstByteMs,
    status,
    fault,
    release: { digest: release, version: versionOf(release) },
    steps: steps.map((step) => stepView(step, versionOf)),
  };
}

export function stepView({ depth, role, span, claims }: PathStep, versionOf: Known["versionOf"]): StepView {
  const { spanId, startedAt, durationMs, inputTokens, outputTokens, finishReason, firstTokenMs } = span;
  return {
    spanId,
    depth,
    kind: role === "subAgent" ? "agent" : kindOf(span.kind),
    name: nameOf({ role, span }),
    startedAt,
    durationMs,
    error: span.isError ? { type: span.errorType, message: span.errorMessage } : null,
    inputTokens,
    outputTokens,
    finishReason,
    firstTokenMs,
    argumentShape: span.tool?.argumentShape ?? null,
    claims: claims === null ? null : { digest: claims, version: versionOf(claims) },
  };
}

function kindOf(kind: PathStep["span"]["kind"]): StepView["kind"] {
  if (kind === "tool" || kind === "memory_read" || kind === "memory_write") return kind;
  return kind === "reasoning" ? "model" : "agent";
}

function nameOf({ role, span }: Pick<PathStep, "role" | "span">): string {
  if (role === "subAgent") return span.agent ?? span.name;
  return span.tool?.name ?? (span.kind === "reasoning" ? (span.model ?? span.name) : span.name);
}
