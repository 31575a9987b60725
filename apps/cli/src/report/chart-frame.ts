import { html, type Html } from "./html.ts";
import { linear, tickLabel, timeTicks, type Scale } from "./scale.ts";

export const WIDTH = 760;
export const HEIGHT = 220;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 12, 30];

export type Tick = { readonly value: number; readonly label: string };
export type Frame = { readonly x: Scale; readonly y: Scale };

/** The place for a chart over time. */
export function frameOf(times: readonly [number, number], values: readonly [number, number]): Frame {
  return { x: linear(times, [LEFT, WIDTH - RIGHT]), y: linear(values, [HEIGHT - BOTTOM, TOP]) };
}

/** One chart with its axes; `title` is what whoever cannot see it is told. */
export function chart(
  title: string,
  { x, y }: Frame,
  inside: { ticks: readonly Tick[]; marks: readonly Html[] },
): Html {
  const times = timeTicks(x.from, x.to, 7);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
    <title>${title}</title>
    ${inside.ticks.map(({ value, label }) => {
      const at = y.place(value);
      return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" /><text
          class="tick"
          x="${LEFT - 8}"
          y="${at + 4}"
          text-anchor="end"
          >${label}</text
        >`;
    })}
    ${times.map((at) => html`<text class="tick" x="${x.place(at)}" y="${HEIGHT - 8}" text-anchor="middle">${tickLabel(at, x.to - x.from)}</text>`)}
    <line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}" />
    ${inside.marks}
  </svg>`;
}

type ThresholdLabel = { readonly label: string; readonly kind: string; readonly side: "above" | "below" };

/** A line across, with what it means on one side of it. */
export function threshold({ y }: Frame, value: number, { label, kind, side }: ThresholdLabel): Html {
  const at = y.place(value);
  return html`<line class="threshold ${kind}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" /><text
      class="threshold-label ${kind}"
      x="${LEFT + 6}"
      y="${at + (side === "above" ? -5 : 12)}"
      >${label}</text
    >`;
}

/** A line down at one moment. */
export function momentMark({ x }: Frame, at: number, label: string): Html {
  const place = x.place(at);
  return html`<line class="moment" x1="${place}" x2="${place}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"
    ><title>${label}</title></line
  >`;
}

type Point = { readonly at: number; readonly value: number };

export function line({ x, y }: Frame, points: readonly Point[], kind: string): Html {
  const path = points.map(({ at, value }) => `${x.place(at)},${y.place(value)}`).join(" ");
  const last = points.at(-1);
  const end =
    last === undefined
      ? []
      : [html`<circle class="dot ${kind}" cx="${x.place(last.at)}" cy="${y.place(last.value)}" r="3.5" />`];
  return html`<polyline class="line ${kind}" points="${path}" />${end}`;
}

/** What stays until it changes, filled down to the axis. */
export function steps({ x, y }: Frame, points: readonly Point[], until: number): Html {
  const corners = points.flatMap(({ at, value }, index) => {
    const next = points[index + 1]?.at ?? until;
    return [`${x.place(at)},${y.place(value)}`, `${x.place(next)},${y.place(value)}`];
  });
  const [first] = points;
  if (first === undefined) return html``;
  const floor = y.place(0);
  const area = [`${x.place(first.at)},${floor}`, ...corners, `${x.place(until)},${floor}`].join(" ");
  return html`<polygon class="area" points="${area}" /><polyline class="line canary" points="${corners.join(" ")}" />`;
}
