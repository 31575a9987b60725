import type { Overview } from "@perch/api";
import { useState } from "preact/hooks";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { describeKill, describeRevival } from "./describe-kill.ts";
import { formatClock } from "./format-time.ts";
import { Icon } from "./icon.tsx";
import { sendKill, sendRevival } from "./send-command.ts";

type Killed = Overview["killed"][number];

/** Takes the agent off the air, whatever its rollout does. */
export function KillButton({ agent }: { readonly agent: string }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <span class="action">
      <button type="button" class="button button--kill" data-testid="kill-button" onClick={() => setAsking(true)}>
        <Icon name="stop" />
        Kill switch
      </button>
      {isAsking && (
        <ConfirmDialog
          words={describeKill(agent)}
          look="kill"
          isReasonRequired
          send={(reason) => sendKill({ agent, reason }, (url, init) => fetch(url, init))}
          onClose={() => setAsking(false)}
        />
      )}
    </span>
  );
}

/** That the agent is switched off, since when and why, and the way back. */
export function KilledBar({ killed }: { readonly killed: Killed }) {
  const [isAsking, setAsking] = useState(false);
  const { agent, to, killedAt, reason, actor } = killed;
  const what = to === null ? "refuses everybody" : `is served by ${to.version} alone`;
  return (
    <div class="killed-bar" role="alert" data-testid="killed-bar">
      <Icon name="warning" />
      <p>
        <strong>
          {agent} {what}
        </strong>{" "}
        since {formatClock(killedAt)}: {reason} ({actor})
      </p>
      <button type="button" class="button" data-testid="revive-button" onClick={() => setAsking(true)}>
        Let it serve again
      </button>
      {isAsking && (
        <ConfirmDialog
          words={describeRevival(agent)}
          look="resume"
          isReasonRequired
          send={(why) => sendRevival({ agent, reason: why }, (url, init) => fetch(url, init))}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
