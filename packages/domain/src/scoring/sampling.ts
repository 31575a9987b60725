import { bucketOf, BUCKETS } from "../routing/assign.ts";
import { formatSessionKey, type SessionKey } from "../telemetry/session-key.ts";

/**
 * Whether a scorer judges this session. It depends on the scorer's name and the session alone, never on arm, release or
 * time, so that the same share of both arms is judged; and a larger share only adds sessions.
 */
export function isSampled(scorer: string, session: SessionKey, samplePercent: number): boolean {
  return bucketOf(`scorer ${scorer}`, formatSessionKey(session)) < (samplePercent / 100) * BUCKETS;
}
