import { Agent } from "undici";

/** The way to HTTP classifiers. */
export type ClassifierLink = {
  /** The body of an answer with status 200, however it is made; throws `LinkFailure` for everything else. */
  post(url: string, json: string, timeoutMs: number): Promise<string>;
  close(): Promise<void>;
};

export class LinkFailure extends Error {
  override readonly name = "LinkFailure";
  readonly reason: "timeout" | "unreachable";
  constructor(reason: "timeout" | "unreachable", cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** An intent, a number and a version need no more. */
const LONGEST_ANSWER = 16_384;

/** Connections are kept; redirections are not followed. */
export function createClassifierLink(): ClassifierLink {
  const agent = new Agent({ connections: 64, maxResponseSize: LONGEST_ANSWER, connect: { timeout: 5000 } });
  return {
    async post(url, json, timeoutMs) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const { origin, pathname, search } = new URL(url);
        const answer = await agent.request({
          origin,
          path: pathname + search,
          method: "POST",
          headers: { "content-type": "application/json", accept: "application/json" },
          body: json,
          signal,
        });
        const text = await answer.body.text();
        if (answer.statusCode === 200) return text;
      } catch (error) {
        throw new LinkFailure(signal.aborted ? "timeout" : "unreachable", error);
      }
      throw new LinkFailure("unreachable");
    },
    close: () => agent.destroy(),
  };
}
