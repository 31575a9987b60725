import { digestOf, parseAgentName, parseSessionId } from "@perch/domain";
import { aSpan, aTurnRecord } from "@perch/testkit";
import { expect, test } from "vitest";
import { createAttributionCounts } from "./attribution-counts.ts";

test("spans that claim another release add up over sessions, by agent and by both releases", () => {
  const counts = createAttributionCounts();
  const release = digestOf("another");
  const spans = [aSpan({ attribution: { ...aSpan().attribution, release } }), aSpan({ spanId: "silent" })];
  const evidence = {
    agent: parseAgentName("support"),
    session: parseSessionId("session-1"),
    turns: [aTurnRecord()],
    moves: [],
    scores: [],
    spans,
  };
  counts.note([evidence]);
  counts.note([evidence, evidence]);
  expect(counts.view()).toEqual({
    spansAgreeing: 0,
    spansSilent: 3,
    spansMisattributed: 3,
    misattributed: [{ agent: "support", says: release, wasSentTo: aTurnRecord().release, spans: 3 }],
  });
});
