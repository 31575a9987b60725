import type { GateView } from "@perch/api";
import { useState } from "preact/hooks";
import { evidenceChartShape, nearestPoint, type Box } from "./evidence-chart-shape.ts";
import { countOf } from "./format-number.ts";
import { describeEvidence, formatOdds } from "./format-odds.ts";
import { formatClock } from "./format-time.ts";

const WIDTH = 360;
const HEIGHT = 118;
const BOX: Box = { left: 40, right: 352, top: 6, bottom: 102 };

/** Evidence of harm over canary sessions, up to the line at which the gate rolls back. */
export function EvidenceChart({ gate }: { readonly gate: GateView }) {
  const [hovered, setHovered] = useState<number | null>(null);
  const shape = evidenceChartShape(gate, BOX);
  const index = hovered ?? gate.history.length - 1;
  const entry = gate.history[index];
  const point = shape.points[index];
  const words = `Evidence over ${countOf(shape.lastSessions, "canary session")}: ${describeEvidence(gate.logE)}, rolls back at ${formatOdds(gate.rejectAtLogE)}`;
  if (entry === undefined || point === undefined) return <p class="quiet-note">No block of sessions is closed yet.</p>;
  const track = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }): void => {
    const bounds = event.currentTarget.getBoundingClientRect();
    setHovered(nearestPoint(shape.points, ((event.clientX - bounds.left) / bounds.width) * WIDTH));
  };
  return (
    <figure class={`chart chart--${gate.verdict}`}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={words}
        onPointerMove={track}
        onPointerLeave={() => setHovered(null)}
      >
        <rect
          class="chart-zone"
          x={BOX.left}
          width={BOX.right - BOX.left}
          y={BOX.top}
          height={shape.rejectY - BOX.top}
        />
        <Threshold y={shape.rejectY} label={formatOdds(gate.rejectAtLogE)} kind="reject" />
        <Threshold y={shape.fastPathY} label={formatOdds(gate.fastPathAtLogE)} kind="fast" />
        <Threshold y={shape.zeroY} label="1:1" kind="zero" />
        <path class="chart-area" d={shape.area} />
        <path class="chart-line" d={shape.line} />
        {hovered !== null && <line class="chart-cursor" x1={point.x} x2={point.x} y1={BOX.top} y2={BOX.bottom} />}
        <circle class="chart-dot" cx={point.x} cy={point.y} r="3.5" />
        <SessionsAxis lastSessions={shape.lastSessions} />
      </svg>
      <figcaption class="sr-only">{words}</figcaption>
      {hovered !== null && (
        <p class="chart-readout" aria-hidden="true">
          {formatOdds(entry.logE)} after {countOf(entry.canarySessions, "canary session")}, {formatClock(entry.at)}
        </p>
      )}
    </figure>
  );
}

type ThresholdProps = { readonly y: number; readonly label: string; readonly kind: "reject" | "fast" | "zero" };

function Threshold({ y, label, kind }: ThresholdProps) {
  return (
    <g class={`threshold threshold--${kind}`}>
      <line x1={BOX.left} x2={BOX.right} y1={y} y2={y} />
      <text x={BOX.left - 5} y={y + 3.5} text-anchor="end">
        {label}
      </text>
    </g>
  );
}

function SessionsAxis({ lastSessions }: { readonly lastSessions: number }) {
  return (
    <g class="chart-axis">
      <text x={BOX.left} y={HEIGHT - 3}>
        0
      </text>
      <text x={BOX.right} y={HEIGHT - 3} text-anchor="end">
        {countOf(lastSessions, "canary session")}
      </text>
    </g>
  );
}
