import type { GateView } from "@perch/api";
import { DifferenceInterval } from "./difference-interval.tsx";
import { formatCount, formatOddsRatio, formatPercent, formatPoints, formatPointsBare } from "./format-number.ts";
import { formatOdds } from "./format-odds.ts";
import { formatValue } from "./format-value.ts";
import { RateBars } from "./rate-bars.tsx";

/** What the gate has counted or measured in both arms. */
export function GateReading({ gate }: { readonly gate: GateView }) {
  if (gate.kind === "distribution") return <Findings gate={gate} />;
  if (gate.values !== null) return <Values values={gate.values} gate={gate} />;
  return (
    <>
      <RateBars gate={gate} />
      <RatesReading gate={gate} />
      <Landmark gate={gate} />
      <Segments gate={gate} />
    </>
  );
}

type ValuesProps = { readonly gate: GateView; readonly values: NonNullable<GateView["values"]> };

function Values({ gate, values }: ValuesProps) {
  const { statistic, unit, ratio, cap } = values;
  return (
    <dl class="reading">
      {(["canary", "baseline"] as const).map((arm) => (
        <div key={arm} class="reading-wide">
          <dt>
            {statistic} of {gate.of}, {arm}
          </dt>
          <dd>
            <strong>{formatValue(values[arm], unit)}</strong>
            <span class="interval-text">{rangeText(values, arm) ?? `${formatCount(gate[arm].sessions)} sessions`}</span>
          </dd>
        </div>
      ))}
      {ratio !== null && (
        <div>
          <dt>ratio of typical values</dt>
          <dd>
            {formatOddsRatio(ratio.low)} to {formatOddsRatio(ratio.high)}
          </dd>
        </div>
      )}
      {cap !== null && (
        <div>
          <dt>compared up to</dt>
          <dd>{formatValue(cap, unit)}</dd>
        </div>
      )}
    </dl>
  );
}

function rangeText(values: ValuesProps["values"], arm: "baseline" | "canary"): string | null {
  const range = arm === "canary" ? values.canaryRange : values.baselineRange;
  return range && `${formatValue(range.low, values.unit)} to ${formatValue(range.high, values.unit)}`;
}

function Findings({ gate }: { readonly gate: GateView }) {
  if (gate.findings.length === 0) {
    return <p class="meter-note">no difference yet in {formatCount(gate.canary.sessions)} canary sessions</p>;
  }
  return (
    <ul class="findings" data-testid={`findings-${gate.name}`}>
      {gate.findings.map((finding) => (
        <li key={finding.sentence} class={finding.isEstablished ? "finding finding--established" : "finding"}>
          <Sentence text={finding.sentence} />
          <span class="of">
            {" "}
            {formatOdds(finding.logE)}
            {finding.isEstablished ? "" : ", may be chance"}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Names of tools stand between backticks. */
function Sentence({ text }: { readonly text: string }) {
  return <>{text.split("`").map((part, i) => (i % 2 === 1 ? <code key={`${i}`}>{part}</code> : part))}</>;
}

function Landmark({ gate }: { readonly gate: GateView }) {
  if (gate.landmark === null) return null;
  const { ageMs, canary, baseline, logE, rejectAtLogE } = gate.landmark;
  return (
    <p class="meter-note">
      bad or not over after {Math.round(ageMs / 60_000)} min: canary {formatPercent(canary.rate)} of{" "}
      {formatCount(canary.sessions)}, baseline {formatPercent(baseline.rate)}, {formatOdds(logE)}
      {rejectAtLogE === null ? "" : ` of ${formatOdds(rejectAtLogE)}`}
    </p>
  );
}

function Segments({ gate }: { readonly gate: GateView }) {
  if (gate.segments.length === 0) return null;
  return (
    <ul class="findings" data-testid={`segments-${gate.name}`}>
      {gate.segments.map(({ segment, canary, baseline, logE }) => (
        <li key={segment} class="finding">
          <code>{segment}</code> {formatPercent(canary.rate)} of {formatCount(canary.sessions)}, baseline{" "}
          {formatPercent(baseline.rate)} <span class="of">{formatOdds(logE)}</span>
        </li>
      ))}
    </ul>
  );
}

function RatesReading({ gate }: { readonly gate: GateView }) {
  const { oddsRatio, difference } = gate;
  if (oddsRatio === null || difference === null) return null;
  const measured =
    gate.canary.rate === null || gate.baseline.rate === null
      ? "–"
      : formatPoints(gate.canary.rate - gate.baseline.rate);
  return (
    <dl class="reading">
      <div class="reading-wide">
        <dt>difference</dt>
        <dd>
          <strong>{measured}</strong>
          <span class="interval-text">
            {formatPointsBare(difference.low)} to {formatPoints(difference.high)}
          </span>
        </dd>
        <DifferenceInterval difference={difference} margin={gate.margin ?? 0} />
      </div>
      <div>
        <dt>odds ratio</dt>
        <dd>
          {formatOddsRatio(oddsRatio.low)} to {formatOddsRatio(oddsRatio.high)}
        </dd>
      </div>
      <div>
        <dt>P(worse), display only</dt>
        <dd>{formatPercent(gate.probabilityWorse)}</dd>
      </div>
    </dl>
  );
}
