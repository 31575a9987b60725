import type { Upstream } from "../table/route-index.ts";

/** Which of a release's URLs have failed lately: they are asked last, until their time is over. */
export type UpstreamHealth = {
  /** Nobody answered there at all, or what came was no answer. */
  failed(origin: string, fault: "unreachable" | "broken"): void;
  answered(origin: string): void;
  isAside(origin: string): boolean;
  /** The same URLs; those set aside last, which are tried all the same when there is no other. */
  inOrder(upstreams: readonly Upstream[]): readonly Upstream[];
};

/** One request may break an agent; several in a row say that the agent is broken. */
const BROKEN_IN_A_ROW = 3;
const FIRST_ASIDE_MS = 1000;
const LONGEST_ASIDE_MS = 30_000;

export function createUpstreamHealth(tick: () => number): UpstreamHealth {
  const troubled = new Map<string, { broken: number; asideMs: number; asideUntil: number }>();
  const isAsideAt = (origin: string, now: number): boolean => now < (troubled.get(origin)?.asideUntil ?? 0);
  return {
    failed(origin, fault) {
      const trouble = troubled.get(origin) ?? { broken: 0, asideMs: 0, asideUntil: 0 };
      troubled.set(origin, trouble);
      trouble.broken += 1;
      const isAside = tick() < trouble.asideUntil;
      if (isAside || (fault === "broken" && trouble.broken < BROKEN_IN_A_ROW)) return;
      trouble.asideMs = Math.min(LONGEST_ASIDE_MS, Math.max(FIRST_ASIDE_MS, 2 * trouble.asideMs));
      trouble.asideUntil = tick() + trouble.asideMs;
    },
    answered: (origin) => void (troubled.size > 0 && troubled.delete(origin)),
    isAside: (origin) => isAsideAt(origin, tick()),
    inOrder(upstreams) {
      if (upstreams.length < 2 || troubled.size === 0) return upstreams;
      const now = tick();
      const isAside = ({ origin }: Upstream): boolean => isAsideAt(origin, now);
      if (!upstreams.some(isAside)) return upstreams;
      return [...upstreams.filter((one) => !isAside(one)), ...upstreams.filter(isAside)];
    },
  };
}
