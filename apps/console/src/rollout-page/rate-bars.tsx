import type { GateView } from "@perch/api";
import { formatCount, formatPercent } from "./format-number.ts";
import { Meter } from "./meter.tsx";
import { objectiveBadRate, rateScale } from "./rate-scale.ts";

/** Both arms' rates on one scale, with the objective as a mark through both. */
export function RateBars({ gate }: { readonly gate: GateView }) {
  const scale = rateScale(gate);
  const objective = objectiveBadRate(gate);
  const mark = objective === null ? null : objective / scale;
  return (
    <div class="rates">
      <RateRow arm="canary" rate={gate.canary} scale={scale} mark={mark} />
      <RateRow arm="baseline" rate={gate.baseline} scale={scale} mark={mark} />
      <p class="meter-note">
        {objective === null ? "no absolute objective" : `mark: objective, at most ${formatPercent(objective)}`}
      </p>
    </div>
  );
}

type RateRowProps = {
  readonly arm: "baseline" | "canary";
  readonly rate: GateView["canary"];
  readonly scale: number;
  readonly mark: number | null;
};

function RateRow({ arm, rate, scale, mark }: RateRowProps) {
  const counts = `${formatCount(rate.bad)} of ${formatCount(rate.sessions)}`;
  return (
    <div class="rate-row">
      <div class="label-row">
        <span class={`arm arm--${arm}`}>{arm}</span>
        <span class="figure">
          <strong>{formatPercent(rate.rate)}</strong> <span class="of">{counts}</span>
        </span>
      </div>
      <Meter
        label={`${arm} rate`}
        share={(rate.rate ?? 0) / scale}
        valueText={`${formatPercent(rate.rate)}, ${counts} sessions`}
        tone={arm}
        mark={mark}
      />
    </div>
  );
}
