import { formatPoints, formatPointsBare } from "./format-number.ts";
import { differenceScale, type Range } from "./rate-scale.ts";

const WIDTH = 1_000;

/** The 95 % confidence sequence of the difference on a line: zero in the middle, the margin dashed. */
export function DifferenceInterval({ difference, margin }: { readonly difference: Range; readonly margin: number }) {
  const scale = differenceScale(difference, margin);
  const toX = (points: number): number => Math.round(Math.min(1, Math.max(0, (points / scale + 1) / 2)) * WIDTH);
  const low = toX(difference.low);
  const high = toX(difference.high);
  const words = `95 % confidence sequence from ${formatPointsBare(difference.low)} to ${formatPoints(difference.high)}`;
  return (
    <div class="interval">
      <svg viewBox={`0 0 ${WIDTH} 18`} preserveAspectRatio="none" role="img" aria-label={words}>
        <line class="interval-axis" x1="0" x2={WIDTH} y1="9" y2="9" />
        <line class="interval-zero" x1={WIDTH / 2} x2={WIDTH / 2} y1="0" y2="18" />
        <line class="interval-margin" x1={toX(margin)} x2={toX(margin)} y1="0" y2="18" />
        <rect class="interval-range" x={low} width={Math.max(6, high - low)} y="6" height="6" />
      </svg>
      <p class="interval-labels" aria-hidden="true">
        <span>← better</span>
        <span>95 % confidence sequence</span>
        <span>worse →</span>
      </p>
    </div>
  );
}
