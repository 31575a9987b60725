import { aSpan, aTurnRecord } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf, type Digest } from "../release/digest.ts";
import { attributedIn } from "./misattributed.ts";

const saying = (spanId: string, release: Digest | null) =>
  aSpan({ spanId, attribution: { ...aSpan().attribution, release } });

test("spans that name another release than their turn's record are counted by both, each span once", () => {
  const own = aTurnRecord().release;
  const other = digestOf("what the pod really runs");
  const spans = [saying("1", own), saying("2", other), saying("3", other), saying("3", other), saying("4", null)];
  expect(attributedIn({ turns: [aTurnRecord()], spans })).toEqual({
    agreeing: 1,
    silent: 1,
    misattributed: [{ says: other, wasSentTo: own, spans: 2 }],
  });
});
