import type { SpanContent, TraceStore } from "@perch/domain";
import { expect, test } from "vitest";

const TRACE = "c".repeat(32);

function aContent(change: Partial<SpanContent> = {}): SpanContent {
  return {
    traceId: TRACE,
    spanId: "1",
    startedAt: 1000.25,
    input: "it's ; \\ in\nput \u{1F600}",
    output: null,
    isCut: false,
    ...change,
  };
}

/** What every store promises of the content of spans. */
export function describeContents(store: () => TraceStore): void {
  test("content is given back as it was kept, by time, each span's once, and of its own trace only", async () => {
    const late = aContent({ spanId: "2", startedAt: 3000, input: null, output: "{}", isCut: true });
    await store().appendContents([late, aContent()]);
    await store().appendContents([aContent(), aContent({ traceId: "d".repeat(32) })]);
    expect(await store().contentsOf(TRACE)).toEqual([aContent(), late]);
  });

  test("of an unknown trace nothing is kept", async () => {
    await store().appendContents([]);
    expect(await store().contentsOf(TRACE)).toEqual([]);
  });
}
