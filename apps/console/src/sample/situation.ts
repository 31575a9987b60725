/** What the preview and the tests can show. */
export const SITUATIONS = ["empty", "ramping", "paused", "rollingBack", "rolledBack", "promoted", "aborted"] as const;
export type Situation = (typeof SITUATIONS)[number];
