import type { ListedSessionView, ReleaseActivityView, SessionList } from "@perch/api";
import { formatAge } from "../format-age.ts";

/** A summary by release, then the sessions. */
export function describeSessions(list: SessionList): string {
  const summary = table([
    ["release", "status", "live pins", "live", "oldest", "last turn"],
    ...list.releases.map((release) => releaseRow(release, list.at)),
  ]);
  if (list.sessions.length === 0) return `${summary}\n\nno session fits`;
  const isAnySettled = list.sessions.some(({ settled }) => settled !== null);
  const sessions = table([
    ["session", "release", "arm", "rollout", "state", "age", "last turn", "turns", ...(isAnySettled ? CAME_TO : [])],
    ...list.sessions.map((session) => [
      ...sessionRow(session, list.at),
      ...(isAnySettled ? settledCells(session.settled) : []),
    ]),
  ]);
  const unpriced = unpricedNote(list.sessions);
  return `${summary}\n\n${sessions}${unpriced === null ? "" : `\n\n${unpriced}`}`;
}

function releaseRow(activity: ReleaseActivityView, now: number): readonly string[] {
  const { agent, release, status, livePins, live, oldestAt, lastTurnAt } = activity;
  return [
    `${agent}@${nameOf(release)}`,
    status,
    livePins === null ? "unknown" : String(livePins),
    String(live),
    oldestAt === null ? "–" : formatAge(now - oldestAt),
    lastTurnAt === null ? "–" : `${formatAge(now - lastTurnAt)} ago`,
  ];
}

function sessionRow(session: ListedSessionView, now: number): readonly string[] {
  const { agent, release, arm, rollout, step, state, startedAt, lastTurnAt, turns, releases } = session;
  return [
    session.session,
    `${agent}@${nameOf(release)}${releases > 1 ? ` (${releases} releases!)` : ""}`,
    arm,
    rollout === null ? "–" : `${rollout}${step === null ? "" : ` step ${step + 1}`}`,
    state,
    formatAge(now - startedAt),
    `${formatAge(now - lastTurnAt)} ago`,
    String(turns),
  ];
}

const CAME_TO = ["outcome", "steps", "tools", "cost"];

function settledCells(settled: ListedSessionView["settled"]): readonly string[] {
  if (settled === null) return CAME_TO.map(() => "");
  const { outcome, steps, toolCalls, costUsd } = settled.measures;
  const calls = Object.values(toolCalls).reduce((sum, tool) => sum + tool.calls, 0);
  const ended = [outcome, settled.isEscalated ? "escalated" : null].filter((word) => word !== null);
  return [
    ended.length === 0 ? "–" : ended.join(", "),
    String(steps),
    String(calls),
    costUsd === null ? "–" : `$${costUsd.toFixed(costUsd < 0.01 ? 5 : 2)}`,
  ];
}

/** An unknown cost looks like a forgotten one unless somebody says why. */
function unpricedNote(sessions: readonly ListedSessionView[]): string | null {
  const models = new Set(sessions.flatMap(({ settled }) => settled?.measures.unpricedModels ?? []));
  if (models.size === 0) return null;
  return `no price is known for ${[...models].toSorted().join(", ")}: the server's --price-file can name one`;
}

function nameOf({ version, digest }: ListedSessionView["release"]): string {
  return version === "" ? digest.slice(0, 19) : version;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
