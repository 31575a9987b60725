import { formatSessionKey, type SessionKey } from "@perch/domain";

/** Which sessions wait for which appraisals. */
export type SessionHolds = {
  holds(session: SessionKey): boolean;
  hold(session: SessionKey, appraisal: string): void;
  release(session: SessionKey, appraisal: string): void;
};

export function createSessionHolds(): SessionHolds {
  const held = new Map<string, Set<string>>();
  return {
    holds: (session) => held.has(formatSessionKey(session)),
    hold(session, appraisal) {
      const key = formatSessionKey(session);
      held.set(key, (held.get(key) ?? new Set()).add(appraisal));
    },
    release(session, appraisal) {
      const key = formatSessionKey(session);
      const appraisals = held.get(key);
      appraisals?.delete(appraisal);
      if (appraisals?.size === 0) held.delete(key);
    },
  };
}
