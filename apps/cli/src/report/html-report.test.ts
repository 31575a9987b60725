import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aReport } from "./a-report.ts";
import { html } from "./html.ts";
import { htmlReport } from "./html-report.ts";
import { countTicks, linear, timeTicks } from "./scale.ts";
import { textReport } from "./text-report.ts";

const page = htmlReport(aReport());
const EVIL = "<script>alert(1)</script>\"'&";

describe("the page", () => {
  test("names the rollout, its verdict, its evidence, what it wrote and who decided", () => {
    for (const text of [
      "support: 2.3.0 → 2.3.1",
      "Rolled back because of <strong>escalation-rate</strong>",
      "rejects: 1:250",
      "https://api.example/refunds/cancel",
      "<code>r-77</code>",
      "cli:ada",
      "34 ms",
      "ab".repeat(32),
    ]) {
      expect(page).toContain(text);
    }
  });

  test("tells what a gate on tool use, on values and by segment has found", () => {
    const report = aReport();
    const [gate] = report.rollout.gates;
    if (gate === undefined) return expect.fail("the report has a gate");
    const arm = { sessions: 40, bad: 10, rate: 0.25 };
    const finding = {
      sentence: "`refund` is called in 40 % of sessions (baseline 10 %)",
      baselineRate: 0.1,
      canaryRate: 0.4,
    };
    const values = { statistic: "p95", unit: "ms", baseline: 1200, canary: 2400, cap: null, ratio: null } as const;
    const kind = "distribution" as const;
    const tools = { ...gate, kind, findings: [{ ...finding, logE: 7, isEstablished: true }] };
    const latency = {
      ...gate,
      values: { ...values, baselineRange: null, canaryRange: null },
      difference: null,
      oddsRatio: null,
    };
    const segmented = { ...gate, segments: [{ segment: "order.cancel", baseline: arm, canary: arm, logE: 2 }] };
    const shown = htmlReport({ ...report, rollout: { ...report.rollout, gates: [tools, latency, segmented] } });
    for (const text of ["is called in 40 % of sessions (baseline 10 %)", "p95, ms", "2400", "order.cancel"]) {
      expect(shown).toContain(text);
    }
  });

  test("needs nothing but itself: no script, no address that a browser would fetch", () => {
    expect(page).not.toMatch(/<script|<link[^>]+href="(?!data:)|<img|<iframe|@import|url\(/i);
    expect(page).not.toMatch(/\s(src|srcset|xlink:href)=/i);
  });

  test("allows by its own policy nothing but its own style sheet", () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
    const digest = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(`default-src 'none'; style-src 'sha256-${digest}'`);
    expect(page).not.toMatch(/\sstyle="/);
  });

  test("shows what people and agents wrote as text, whatever it is", () => {
    const report = aReport();
    const { rollout, blastRadius } = report;
    const evil = htmlReport({
      ...report,
      rollout: { ...rollout, reason: EVIL, timeline: rollout.timeline.map((entry) => ({ ...entry, text: EVIL })) },
      blastRadius: { ...blastRadius, calls: blastRadius.calls.map((call) => ({ ...call, idempotencyKey: EVIL })) },
    });
    expect(evil).not.toContain("<script>");
    expect(evil).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  test("has no number that is none, also of a rollout that nothing happened to", () => {
    const report = aReport();
    const empty = htmlReport({
      ...report,
      exposure: [],
      rollout: {
        ...report.rollout,
        timeline: [],
        gates: report.rollout.gates.map((gate) => ({ ...gate, history: [] })),
        endedAt: null,
      },
      blastRadius: { ...report.blastRadius, tools: [], calls: [] },
    });
    for (const text of [page, empty]) expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(empty).toContain("declares no tool that writes");
  });
});

test("a release whose tools cannot be read leaves the blast radius unknown, not empty", () => {
  const blastRadius = { unknownBecause: "the registry is away", tools: [], calls: [], isCut: false };
  expect(htmlReport(aReport({ blastRadius }))).toContain("Not known: the registry is away.");
  expect(textReport(aReport({ blastRadius }))).toContain("blast radius  not known: the registry is away");
});

test("what differs in the use of tools, and all sessions at a gate's age, are told", () => {
  const report = aReport();
  const [gate] = report.rollout.gates;
  const arm = { sessions: 40, bad: 10, rate: 0.25 };
  const finding = {
    sentence: "`refund` comes first",
    baselineRate: 0.1,
    canaryRate: 0.4,
    logE: 1,
    isEstablished: false,
  };
  const landmark = { ageMs: 1_800_000, baseline: arm, canary: arm, logE: 0, rejectAtLogE: 3 };
  const gates = [{ ...(gate ?? expect.fail("the report has a gate")), findings: [finding], landmark }];
  const told = { ...report, rollout: { ...report.rollout, gates } };
  expect(textReport(told)).toContain("differs       `refund` comes first (may be chance)");
  expect(htmlReport(told)).toContain("bad or not over after 30 min");
});

test("the text says the same to a terminal", () => {
  const text = textReport(aReport());
  expect(text).toContain("excess        escalation-rate: 12.4 bad of 90 judged");
  expect(text).toContain(
    "blast radius  refund: 2 calls (1 failed) of 2 sessions; taken back by https://api.example/refunds/cancel",
  );
  expect(text).toContain("decided       2026-01-02 03:00:00  cli:ada: start");
});

test("a template escapes every value that is not markup already", () => {
  expect(html`<b>${EVIL}</b>`.html).not.toContain("<script>");
  expect(html`${html`<i>${1}</i>`}${[html`a`, html`b`]}`.html).toBe("<i>1</i>ab");
});

test("axes have few, rising and finite ticks, whatever they span", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 0, max: 4e9 }), (from, span) => {
      const ticks = timeTicks(from, from + span, 7);
      expect(ticks.length).toBeLessThanOrEqual(8);
      expect(ticks.every((tick) => tick >= from && tick <= from + span)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (most) => {
      const ticks = countTicks(most, 4);
      expect(ticks.length).toBeLessThanOrEqual(5);
      expect(ticks.every(Number.isFinite)).toBe(true);
    }),
  );
  expect(linear([5, 5], [0, 10]).place(5)).toBe(5);
});
