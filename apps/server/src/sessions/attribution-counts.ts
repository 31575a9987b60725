import type { AttributionView } from "@perch/api";
import { attributedIn, type SessionEvidence } from "@perch/domain";

/** What spans said of their release, since the start of the server, over sessions as they matured. */
export type AttributionCounts = {
  note(evidence: readonly SessionEvidence[]): void;
  view(): AttributionView;
};

/** A release more is a mistake more; beyond so many the list says nothing new. */
const MOST_PAIRS = 50;

export function createAttributionCounts(): AttributionCounts {
  const pairs = new Map<string, AttributionView["misattributed"][number]>();
  const counts = { spansAgreeing: 0, spansSilent: 0, spansMisattributed: 0 };
  return {
    note(evidence) {
      for (const one of evidence) {
        const { agreeing, silent, misattributed } = attributedIn(one);
        counts.spansAgreeing += agreeing;
        counts.spansSilent += silent;
        for (const { says, wasSentTo, spans } of misattributed) {
          counts.spansMisattributed += spans;
          const key = `${one.agent} ${says} ${wasSentTo}`;
          const before = pairs.get(key);
          if (before === undefined && pairs.size >= MOST_PAIRS) continue;
          pairs.set(key, { agent: one.agent, says, wasSentTo, spans: (before?.spans ?? 0) + spans });
        }
      }
    },
    view: () => ({ ...counts, misattributed: [...pairs.values()] }),
  };
}
