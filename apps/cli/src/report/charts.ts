import type { GateView } from "@perch/api";
import type { ReportView } from "@perch/api";
import { chart, frameOf, line, momentMark, steps, threshold, type Tick } from "./chart-frame.ts";
import { count, odds } from "./format.ts";
import { html, type Html } from "./html.ts";
import { countTicks } from "./scale.ts";

/** From when to when there is something to see. */
export function timesOf({ rollout, at }: ReportView): readonly [number, number] {
  const end = Math.max(at, ...rollout.timeline.map((entry) => entry.at));
  return [rollout.appliedAt, rollout.endedAt ?? end];
}

/** The share of new sessions that was to meet the canary. */
export function weightChart(report: ReportView): Html {
  const { timeline } = report.rollout;
  const times = timesOf(report);
  const most = Math.max(5, ...timeline.map(({ weightBp }) => weightBp / 100));
  const frame = frameOf(times, [0, most]);
  const ticks = countTicks(most, 4).map((value) => ({ value, label: `${value} %` }));
  const points = timeline.map(({ at, weightBp }) => ({ at, value: weightBp / 100 }));
  const marks = [steps(frame, points, times[1]), ...decisionMark(report, frame)];
  return chart("Weight of the canary over time, in percent of new sessions", frame, { ticks, marks });
}

/** How many sessions each arm had been judged on. */
export function exposureChart(report: ReportView): Html {
  const { exposure } = report;
  if (exposure.length === 0) return html`<p class="empty">No session had been judged.</p>`;
  const most = Math.max(1, ...exposure.map(({ canarySessions }) => canarySessions));
  const frame = frameOf(spanOf(exposure, report), [0, most]);
  const ticks = countTicks(most, 4).map((value) => ({ value, label: count(value) }));
  const points = exposure.map(({ at, canarySessions }) => ({ at, value: canarySessions }));
  const marks = [line(frame, points, "canary"), ...decisionMark(report, frame)];
  return chart("Canary sessions judged over time", frame, { ticks, marks });
}

const LOWEST = -3;
const DECADES = [0, 1, 2, 3, 4, 5, 6];

/** A gate's evidence of harm, with what it would have had to reach. */
export function evidenceChart(gate: GateView, report: ReportView): Html {
  const { history, rejectAtLogE, fastPathAtLogE } = gate;
  if (history.length === 0) return html`<p class="empty">No session had been judged.</p>`;
  const points = history.map(({ at, logE }) => ({ at, value: Math.max(LOWEST, logE) }));
  const values = points.map(({ value }) => value);
  const top = Math.max(rejectAtLogE, ...values) * 1.12;
  const frame = frameOf(spanOf(history, report), [Math.min(-0.5, ...values), top]);
  const marks = [
    ...(fastPathAtLogE > 0
      ? [
          threshold(frame, fastPathAtLogE, {
            label: `with three broken windows: 1:${odds(fastPathAtLogE)}`,
            kind: "fast",
            // The two lines are close to each other.
            side: "below",
          }),
        ]
      : []),
    threshold(frame, rejectAtLogE, { label: `rejects: 1:${odds(rejectAtLogE)}`, kind: "reject", side: "above" }),
    line(frame, points, "evidence"),
    ...decisionMark(report, frame),
  ];
  return chart(`Evidence of harm by ${gate.name} over time, as odds against no harm`, frame, {
    ticks: oddsTicks(top),
    marks,
  });
}

function oddsTicks(top: number): readonly Tick[] {
  return DECADES.map((power) => ({ value: power * Math.LN10, label: `1:${count(10 ** power)}` })).filter(
    ({ value }) => value <= top,
  );
}

/** Of the points, up to the end of the rollout: what came late still belongs. */
function spanOf(points: readonly { readonly at: number }[], report: ReportView): readonly [number, number] {
  const [from, to] = timesOf(report);
  return [Math.min(from, points[0]?.at ?? from), Math.max(to, points.at(-1)?.at ?? to)];
}

function decisionMark({ rollout }: ReportView, frame: Parameters<typeof momentMark>[0]): readonly Html[] {
  const decided = rollout.timeline.find(({ phase }) => phase === "RollingBack" || phase === "Promoting");
  return decided === undefined ? [] : [momentMark(frame, decided.at, decided.text)];
}
