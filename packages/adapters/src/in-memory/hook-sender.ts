import type { HookReply, HookRequest, HookSender } from "@perch/domain";

/** Keeps what was posted, and answers as it is told to. */
export function createMemoryHookSender(answer: (request: HookRequest) => HookReply | Promise<HookReply>): {
  sender: HookSender;
  posted: readonly HookRequest[];
} {
  const posted: HookRequest[] = [];
  return {
    posted,
    sender: {
      async post(request) {
        posted.push(request);
        return answer(request);
      },
    },
  };
}
