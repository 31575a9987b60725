import { useEffect, useRef, useState } from "preact/hooks";
import type { CommandWords } from "./describe-command.ts";
import type { CommandAnswer } from "./send-command.ts";

type ConfirmDialogProps = {
  readonly words: CommandWords;
  /** Of the button that confirms: `button--…`. */
  readonly look: string;
  readonly isReasonRequired?: boolean;
  readonly send: (reason: string) => Promise<CommandAnswer>;
  readonly onClose: (isAccepted: boolean) => void;
};

type Refusal = Extract<CommandAnswer, { kind: "refused" }>;
type Sending = { readonly kind: "asking" } | { readonly kind: "sending" } | Refusal;

/** Asks once, with what will happen and room for a reason; a refusal stays on the page until it is read. */
export function ConfirmDialog({ words, look, isReasonRequired = false, send, onClose }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [sending, setSending] = useState<Sending>({ kind: "asking" });
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = async (): Promise<void> => {
    setSending({ kind: "sending" });
    const answer = await send(reason);
    if (answer.kind === "accepted") onClose(true);
    else setSending(answer);
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void confirm();
  };
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-text"
      data-testid="confirm-dialog"
      onCancel={() => onClose(false)}
    >
      <form onSubmit={submit}>
        <h2 id="confirm-title">{words.question}</h2>
        <p id="confirm-text">{words.consequence}</p>
        <ReasonField reason={reason} isRequired={isReasonRequired} onChange={setReason} />
        {sending.kind === "refused" && <RefusalNote refusal={sending} />}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={() => onClose(false)}>
            Cancel
          </button>
          <button
            type="submit"
            class={`button button--${look} button--confirm`}
            disabled={sending.kind === "sending" || (isReasonRequired && reason.trim() === "")}
            data-testid="confirm-button"
          >
            {sending.kind === "sending" ? "Sending …" : words.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

type ReasonFieldProps = {
  readonly reason: string;
  readonly isRequired: boolean;
  readonly onChange: (reason: string) => void;
};

function ReasonField({ reason, isRequired, onChange }: ReasonFieldProps) {
  return (
    <label class="reason-field">
      <span>Reason, for the ledger{isRequired ? "" : " (optional)"}</span>
      <textarea
        required={isRequired}
        rows={2}
        maxLength={1000}
        value={reason}
        onInput={(event) => onChange(event.currentTarget.value)}
        data-testid="reason"
      />
    </label>
  );
}

function RefusalNote({ refusal }: { readonly refusal: Refusal }) {
  return (
    <div class="refusal" role="alert" data-testid="refusal">
      <p>
        <strong>{refusal.message}</strong>
      </p>
      <p>{refusal.hint}</p>
    </div>
  );
}
