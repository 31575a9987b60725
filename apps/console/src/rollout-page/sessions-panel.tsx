import type { Overview, RolloutView } from "@perch/api";
import { collapseRepeats } from "./collapse-repeats.ts";
import { formatSigned } from "./format-number.ts";
import { formatMoment } from "./format-time.ts";
import { Icon } from "./icon.tsx";
import { Panel } from "./panel.tsx";

type Session = Overview["recentSessions"][number];
type SessionsPanelProps = {
  readonly rollout: RolloutView;
  readonly sessions: readonly Session[];
  readonly now: number;
};

/** The sessions that matured last: what the agent did, tool by tool. */
export function SessionsPanel({ rollout, sessions, now }: SessionsPanelProps) {
  const mine = sessions.filter((session) => session.agent === rollout.agent);
  return (
    <Panel id="sessions" title="Recent sessions" note="newest first, once mature" class="sessions">
      {mine.length === 0 ? (
        <p class="quiet-note">No session has matured yet.</p>
      ) : (
        <div class="table-scroll">
          <table data-testid="sessions">
            <thead>
              <tr>
                <th scope="col">session</th>
                <th scope="col">arm</th>
                <th scope="col">tools, in order</th>
                <th scope="col">outcome</th>
                <th scope="col" class="number">
                  turns
                </th>
                <th scope="col" class="number">
                  sentiment
                </th>
                <th scope="col" class="number">
                  ended
                </th>
              </tr>
            </thead>
            <tbody>
              {mine.map((session) => (
                <SessionRow key={session.session} session={session} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function SessionRow({ session, now }: { readonly session: Session; readonly now: number }) {
  return (
    <tr>
      <th scope="row" class="session-id" title={session.session}>
        {session.session}
      </th>
      <td>
        <span class={`arm arm--${session.arm}`}>{session.arm}</span>
      </td>
      <td class="tools">
        {session.toolSequence.length === 0 && <span class="none">no tool call</span>}
        {collapseRepeats(session.toolSequence).map(({ tool, times }, index) => (
          <span class="chip" key={`${index}-${tool}`}>
            {tool}
            {times > 1 && <b> ×{times}</b>}
          </span>
        ))}
      </td>
      <td class="session-outcome">
        {session.isEscalated && (
          <span class="escalated">
            <Icon name="escalated" />
            escalated
          </span>
        )}
      </td>
      <td class="number" data-label="turns">
        {session.turns}
      </td>
      <td class="number" data-label="sentiment">
        {formatSigned(session.meanSentiment, 2)}
      </td>
      <td class="number session-ended">{formatMoment(session.maturedAt, now)}</td>
    </tr>
  );
}
