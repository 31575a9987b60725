/** One request to a webhook or a channel, ready to go. */
export type HookRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
};

/** Null status: no answer came, for the reason in `detail`. */
export type HookReply = { readonly status: number | null; readonly detail: string };

/**
 * Posts to an address that somebody else runs. Never throws and never takes longer than the timeout; follows no redirect,
 * and reads nothing of the answer but its status.
 */
export interface HookSender {
  post(request: HookRequest): Promise<HookReply>;
}
