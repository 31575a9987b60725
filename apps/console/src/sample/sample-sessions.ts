import type { Overview } from "@perch/api";
import { createRandom } from "./sample-evidence.ts";

const SHAPES: readonly (readonly string[])[] = [
  ["lookup_order"],
  ["lookup_order", "search_kb"],
  ["search_kb", "search_kb", "lookup_order"],
  ["lookup_order", "refund"],
  ["lookup_order", "search_kb", "escalate_to_human"],
  [],
];

/** Twenty sessions that ended just before `at`, newest first; one in five on the canary. */
export function sampleSessions(at: number, [baseline, canary]: readonly [string, string]): Overview["recentSessions"] {
  const random = createRandom(3);
  return Array.from({ length: 20 }, (_, index) => {
    const isCanary = index % 5 === 2;
    const toolSequence = [...(SHAPES[Math.floor(random() * SHAPES.length)] ?? [])];
    return {
      session: `s-${Math.floor(random() * 0xffffffff)
        .toString(16)
        .padStart(8, "0")}-${index}`,
      agent: "support",
      arm: isCanary ? ("canary" as const) : ("baseline" as const),
      release: isCanary ? canary : baseline,
      maturedAt: at - index * 700,
      turns: 2 + Math.floor(random() * 4),
      toolSequence,
      isEscalated: toolSequence.includes("escalate_to_human"),
      meanSentiment: index % 7 === 6 ? null : random() * 1.2 - 0.4,
    };
  });
}
