/** What may be held and worked on at once, over all shadows of this process. */
export type MirrorLimits = {
  /** Of one request, its head included. */
  readonly requestBytes: number;
  /** Of all requests that wait or are under way. */
  readonly queueBytes: number;
  readonly queued: number;
  readonly inFlight: number;
  /** An answer longer than this is not read to its end. */
  readonly answerBytes: number;
  /** Sessions that are remembered. */
  readonly sessions: number;
};

export const MIRROR_LIMITS: MirrorLimits = {
  requestBytes: 1024 * 1024,
  queueBytes: 32 * 1024 * 1024,
  queued: 1000,
  inFlight: 64,
  answerBytes: 16 * 1024 * 1024,
  sessions: 10_000,
};

/** Bytes and requests that are held for shadows just now. Nobody waits for room: who gets none goes without. */
export type MirrorBudget = {
  readonly bytes: number;
  readonly requests: number;
  /** False when there is no room for another request. */
  enter(): boolean;
  /** False when there is no room for so many more bytes. */
  take(bytes: number): boolean;
  /** A request is done with, and all its bytes. */
  leave(bytes: number): void;
};

export function createMirrorBudget(limits: Pick<MirrorLimits, "queueBytes" | "queued">): MirrorBudget {
  let [bytes, requests] = [0, 0];
  return {
    get bytes() {
      return bytes;
    },
    get requests() {
      return requests;
    },
    enter() {
      if (requests >= limits.queued) return false;
      requests += 1;
      return true;
    },
    take(more) {
      if (bytes + more > limits.queueBytes) return false;
      bytes += more;
      return true;
    },
    leave(held) {
      bytes -= held;
      requests -= 1;
    },
  };
}
