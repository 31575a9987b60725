import type { GatewayId } from "@perch/domain";
import { createLinkTo, type PostOutcome, type ServerLink } from "./server-link.ts";

/** A server speaks every third of a lease: with another to turn to, one that missed a turn is not waited for to the end. */
const PATIENCE = 0.6;
const LEAST_SILENCE_MS = 1000;

/** Where there are several servers, whoever answers is as good as the one that leads: it passes on what is not its own. */
export function createServerLink(urls: readonly string[], gateway: GatewayId): ServerLink {
  return joinLinks(urls.map((url) => createLinkTo(url, gateway)));
}

/** Speaks to one at a time, to the next when that one fails, and to the first again after the last. */
export function joinLinks(links: readonly ServerLink[]): ServerLink {
  const [only, ...others] = links;
  if (only === undefined) throw new Error("found no server to follow, expected at least one");
  if (others.length === 0) return only;
  let present = 0;
  const linkAt = (index: number): ServerLink => links[index] ?? only;
  /** Of several that found the same one failing, only the first turns away from it. */
  const turnFrom = (index: number): void => {
    if (present === index) present = (index + 1) % links.length;
  };

  async function post(signal: AbortSignal, send: (link: ServerLink) => Promise<PostOutcome>): Promise<PostOutcome> {
    const reasons: string[] = [];
    for (const _ of links) {
      const asked = present;
      const outcome = await send(linkAt(asked));
      if (outcome.kind !== "retryable" || signal.aborted) return outcome;
      reasons.push(outcome.reason);
      turnFrom(asked);
    }
    return { kind: "retryable", reason: [...new Set(reasons)].join("; ") };
  }

  return {
    async *tableEvents(options) {
      const followed = present;
      try {
        const silenceMs = Math.max(LEAST_SILENCE_MS, options.silenceMs * PATIENCE);
        yield* linkAt(followed).tableEvents({ ...options, silenceMs });
      } finally {
        turnFrom(followed);
      }
    },
    acknowledge: (ack, signal) => post(signal, (link) => link.acknowledge(ack, signal)),
    reportMoves: (report, signal) => post(signal, (link) => link.reportMoves(report, signal)),
    answer: (answer, signal) => post(signal, (link) => link.answer(answer, signal)),
    postTurns: (json, signal) => post(signal, (link) => link.postTurns(json, signal)),
    async close() {
      await Promise.all(links.map((link) => link.close()));
    },
  };
}
