import { registerCounter, registerGauge, single, type Sample } from "@perch/adapters/prometheus";
import type { Registry } from "prom-client";
import type { CollectorCounters } from "../collector/counters.ts";
import type { Figures } from "./figures.ts";

/** Counters that are one number each. */
const PLAIN: readonly (readonly [keyof NumbersOf<CollectorCounters>, string, string])[] = [
  ["turns", "turns", "Turn records of gateways."],
  ["shadowTurns", "shadow_turns", "What became of mirrored turns."],
  ["moves", "moves", "Sessions that went from one release to another."],
  ["scores", "scores", "Scores and feedback."],
  ["escalations", "escalations", "Word from outside that a person took over."],
  ["spansUnknown", "spans_unknown", "Spans of no dialect that is known; kept."],
  ["spansOddlyTimed", "spans_oddly_timed", "Spans from before 2000 or after 2100; kept."],
  ["spansAhead", "spans_ahead", "Spans from later than the server's clock; kept."],
  ["contentsKept", "contents_kept", "Spans of which content was kept."],
  ["logsIgnored", "logs_ignored", "Log records that are no evaluation."],
  ["evaluationsRefused", "evaluations_refused", "Evaluations without a number, a name or a session."],
];

type NumbersOf<T> = { [K in keyof T as T[K] extends number ? K : never]: T[K] };

/** What came in, what did not, and whose it said it was. */
export function registerCollectorMetrics(registry: Registry, figures: () => Figures | null): void {
  const counter = (
    name: string,
    [help, ...labelNames]: readonly [string, ...string[]],
    read: (seen: Figures) => readonly Sample[],
  ): void =>
    registerCounter(registry, { name: `perch_server_${name}_total`, help, labelNames }, () => {
      const seen = figures();
      return seen === null ? [] : read(seen);
    });
  for (const [field, name, help] of PLAIN) counter(name, [help], ({ counters }) => single(counters[field]));
  counter("spans", ["Spans of agents.", "outcome"], ({ counters }) =>
    labelled("outcome", { kept: counters.spansKept, refused: counters.spansRefused }),
  );
  counter(
    "spans_attributed",
    ["Spans of mature sessions by what they say of their release, against the turn's record.", "agreement"],
    ({ attribution }) =>
      labelled("agreement", {
        agreeing: attribution.spansAgreeing,
        silent: attribution.spansSilent,
        misattributed: attribution.spansMisattributed,
      }),
  );
  counter("posts_failed", ["Whole posts that were refused.", "code"], ({ counters }) =>
    labelled("code", counters.failures),
  );
  counter("posts_limited", ["Posts over a token's limit.", "sender"], ({ counters }) =>
    labelled("sender", counters.limitedBySender),
  );
  counter("names_overflowed", ["Names that went into the bucket (other).", "field"], ({ counters }) =>
    labelled("field", counters.namesOverflowed),
  );
  registerGauge(
    registry,
    { name: "perch_server_sessions_open", help: "Sessions that have begun and are not mature." },
    () => single(figures()?.openSessions ?? null),
  );
}

function labelled(label: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
