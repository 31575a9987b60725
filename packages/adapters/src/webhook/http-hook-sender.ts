import type { HookReply, HookRequest, HookSender } from "@perch/domain";

/** Over HTTP or HTTPS, by Node's own client. */
export function createHttpHookSender(): HookSender {
  return {
    async post({ url, headers, body, timeoutMs }: HookRequest): Promise<HookReply> {
      try {
        const answer = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", "user-agent": "perch-webhooks", ...headers },
          body,
          // Where a redirect leads is not what the rollout file names.
          redirect: "manual",
          signal: AbortSignal.timeout(timeoutMs),
        });
        await answer.body?.cancel();
        return { status: answer.status, detail: `answered ${answer.status}` };
      } catch (error) {
        return { status: null, detail: reasonOf(error, timeoutMs) };
      }
    },
  };
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `did not answer within ${timeoutMs} ms`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
  return `could not be reached (${code})`;
}
