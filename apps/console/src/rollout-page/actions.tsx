import type { RolloutView } from "@perch/api";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { commandsShown, permissionFor, type Command } from "./command-permission.ts";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { describeCommand } from "./describe-command.ts";
import { Icon, type IconName } from "./icon.tsx";
import { sendCommand } from "./send-command.ts";

const ICONS: Record<Command, IconName> = {
  rollback: "back",
  pause: "pause",
  resume: "resume",
  promote: "forward",
  abort: "stop",
  undo: "resume",
};
const WORDS: Record<Command, string> = {
  rollback: "Roll back",
  pause: "Pause",
  resume: "Resume",
  promote: "Promote",
  abort: "Abort",
  undo: "Undo the rollback",
};

/** `children`: buttons beside those of the rollout. */
type ActionsProps = { readonly rollout: RolloutView; readonly children?: ComponentChildren };

/** The commands of a rollout. Each asks once more and says what it will do; rolling back stands out. */
export function Actions({ rollout, children }: ActionsProps) {
  const [asking, setAsking] = useState<Command | null>(null);
  const [accepted, setAccepted] = useState<Command | null>(null);
  return (
    <div class="actions" role="group" aria-label="Commands">
      <p class="sr-only" role="status" data-testid="command-status">
        {accepted !== null && `${WORDS[accepted]}: accepted`}
      </p>
      {children}
      {commandsShown(rollout).map((command) => (
        <CommandButton key={command} command={command} rollout={rollout} onAsk={() => setAsking(command)} />
      ))}
      {asking !== null && (
        <ConfirmDialog
          words={describeCommand(asking, rollout)}
          look={asking}
          send={(reason) =>
            sendCommand({ rollout: rollout.id, command: asking, reason }, (url, init) => fetch(url, init))
          }
          onClose={(isAccepted) => {
            setAccepted(isAccepted ? asking : null);
            setAsking(null);
          }}
        />
      )}
    </div>
  );
}

type CommandButtonProps = {
  readonly command: Command;
  readonly rollout: RolloutView;
  readonly onAsk: () => void;
};

function CommandButton({ command, rollout, onAsk }: CommandButtonProps) {
  const permission = permissionFor(command, rollout);
  const because = permission.kind === "refused" ? permission.because : "";
  const reasonId = `why-not-${command}`;
  // aria-disabled and not disabled: the button keeps the focus, and its reason can be read.
  return (
    <span class="action">
      <button
        type="button"
        class={`button button--${command}`}
        data-testid={`${command}-button`}
        aria-disabled={because !== ""}
        aria-describedby={because === "" ? undefined : reasonId}
        onClick={() => {
          if (because === "") onAsk();
        }}
      >
        <Icon name={ICONS[command]} />
        {WORDS[command]}
      </button>
      {because !== "" && (
        <span class="tooltip" role="tooltip" id={reasonId}>
          Not possible: {because}.
        </span>
      )}
    </span>
  );
}
