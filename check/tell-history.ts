import type { Attempt, Fault, History } from "./history.ts";

const MOST_LINES = 60;
/** What was broken shortly before counts, too. */
const BEFORE_MS = 6000;

/** Everything that can have to do with one session, in the order of time, as lines for a person. */
export function tellHistory(history: History, name: string): readonly string[] {
  const conversation = history.conversations.find((one) => one.name === name);
  if (conversation === undefined) return [];
  const { attempts, kind, echo } = conversation;
  const from = Math.min(...attempts.map(({ sentAt }) => sentAt));
  const to = Math.max(...attempts.map(({ endedAt }) => endedAt));
  const gateways = new Set(attempts.map(({ gateway }) => gateway));
  const isNear = (at: number): boolean => at >= from - BEFORE_MS && at <= to;
  const told = [
    ...attempts.map((attempt) => ({ at: attempt.sentAt, text: tellAttempt(attempt) })),
    ...history.agentTurns
      .filter((turn) => turn.conversation === name)
      .map((turn) => ({
        at: attempts.find(({ id }) => id === turn.attempt)?.endedAt ?? to,
        text: `request ${turn.attempt} met agent ${short(turn.release)}`,
      })),
    ...history.faults
      .filter(
        (fault) =>
          fault.from <= to && fault.to >= from - BEFORE_MS && (fault.gateway === null || gateways.has(fault.gateway)),
      )
      .map((fault) => ({ at: fault.from, text: tellFault(fault) })),
    ...[...history.tables.values()]
      .filter(({ firstSeenAt }) => isNear(firstSeenAt))
      .map(({ table, firstSeenAt }) => {
        const route = table.agents.find(({ agent }) => agent === history.agent);
        const canary = route?.canary;
        const weight = canary
          ? `${canary.rollout} at ${canary.weightBp / 100} % to ${short(canary.release)}`
          : "no canary";
        return {
          at: firstSeenAt,
          text: `table ${table.revision.epoch}.${table.revision.sequence}: ${weight}, current ${short(route?.current ?? "")}`,
        };
      }),
    ...history.acks
      .filter(({ gateway, at }) => gateways.has(gateway) && isNear(at))
      .map(({ gateway, revision, at }) => ({ at, text: `${gateway} acknowledged ${revision}` })),
  ].sort((a, b) => a.at - b.at);
  const lines = told
    .slice(-MOST_LINES)
    .map(({ at, text }) => `${String(Math.round(at - from)).padStart(7)} ms  ${text}`);
  return [`${name}: ${kind}, ${echo === "none" ? "gives no pin back" : `gives its pin back as ${echo}`}`, ...lines];
}

function tellAttempt({ id, turn, gateway, presents, sentAt, endedAt, outcome }: Attempt): string {
  const asks = `turn ${turn} asks ${gateway}${presents ? " with its pin" : ""} (request ${id}, ${Math.round(endedAt - sentAt)} ms)`;
  if (outcome.kind === "refused") return `${asks}: ${outcome.status} ${outcome.code}`;
  if (outcome.kind === "broken") return `${asks}: ${outcome.reason}`;
  const { claim, session, release } = outcome;
  const placed =
    claim === null
      ? ""
      : `; pin: ${short(claim.release)} by ${claim.gateway}, table ${claim.revision}, bucket ${claim.bucket}, weight ${claim.weightBp}`;
  return `${asks}: ${short(release)} as ${session}${placed}`;
}

function tellFault({ kind, gateway, from, to }: Fault): string {
  return `${kind}${gateway === null ? "" : ` of ${gateway}`}, for ${Math.round(to - from)} ms`;
}

function short(release: string): string {
  return release.replace("sha256:", "").slice(0, 8);
}
