import type { Problem } from "@perch/api";
import type { Leader } from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";

/** Passes a request on to the server that leads, and its answer back, streams included. */
export type Forwarder = {
  forward(request: Request, leader: Leader | null): Promise<Response>;
  /** Ends what is still being passed on: who leads has changed. */
  drop(): void;
};

const HEAD_WITHIN_MS = 30_000;
const FORWARDED = "x-perch-forwarded";
/** Of this connection, not of the next (RFC 9110, 7.6.1); the body is passed on as it is. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "host",
  "expect",
];

export function createForwarder(send: typeof fetch): Forwarder {
  let present = new AbortController();
  return {
    async forward(request, leader) {
      const refusal = refusalOf(request, leader);
      if (refusal !== null || leader === null) return refusal ?? nobody();
      try {
        return await pass(request, leader, { send, dropped: present.signal });
      } catch (error) {
        return problem(503, {
          code: "leader_away",
          message: `the server that leads, ${leader.url}, does not answer: ${reasonOf(error)}`,
          hint: "try again: if it is gone, another leads within seconds",
        });
      }
    },
    drop() {
      present.abort(new Error("who leads has changed"));
      present = new AbortController();
    },
  };
}

function refusalOf(request: Request, leader: Leader | null): Response | null {
  if (leader === null) return nobody();
  if (!request.headers.has(FORWARDED)) return null;
  return problem(503, {
    code: "not_leader",
    message: `another server took this one for the one that leads, which is ${leader.url}`,
    hint: "try again; if it stays so, two servers have the same --advertise-url",
  });
}

function nobody(): Response {
  return problem(503, {
    code: "no_leader",
    message: "no server leads at the moment",
    hint: "try again: one does within seconds; if none does, their logs say why",
  });
}

async function pass(
  request: Request,
  leader: Leader,
  { send, dropped }: { readonly send: typeof fetch; readonly dropped: AbortSignal },
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of HOP_BY_HOP) headers.delete(name);
  headers.set(FORWARDED, "1");
  headers.set("accept-encoding", "identity");
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer in ${HEAD_WITHIN_MS} ms`)), HEAD_WITHIN_MS);
  try {
    const answer = await send(leader.url.replace(/\/+$/, "") + pathname + search, {
      method: request.method,
      headers,
      body: request.body,
      // Node's fetch wants it said that the body goes out before the answer comes in.
      ...(request.body === null ? {} : { duplex: "half" }),
      redirect: "manual",
      signal: AbortSignal.any([request.signal, dropped, late.signal]),
    });
    const answered = new Headers(answer.headers);
    for (const name of HOP_BY_HOP) answered.delete(name);
    answered.set("x-perch-leader", leader.url);
    return new Response(answer.body, { status: answer.status, headers: answered });
  } finally {
    clearTimeout(timer);
  }
}

export function problem(status: number, error: Problem["error"]): Response {
  return Response.json({ error } satisfies Problem, { status });
}
