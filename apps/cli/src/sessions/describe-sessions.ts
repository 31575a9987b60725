import type { ListedSessionView, ReleaseActivityView, SessionList } from "@perch/api";
import { formatAge } from "../format-age.ts";

/** A summary by release, then the sessions. */
export function describeSessions(list: SessionList): string {
  const summary = table([
    ["release", "status", "live pins", "live", "oldest", "last turn"],
    ...list.releases.map((release) => releaseRow(release, list.at)),
  ]);
  if (list.sessions.length === 0) return `${summary}\n\nno session fits`;
  const sessions = table([
    ["session", "release", "arm", "rollout", "state", "age", "last turn", "turns"],
    ...list.sessions.map((session) => sessionRow(session, list.at)),
  ]);
  return `${summary}\n\n${sessions}`;
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
