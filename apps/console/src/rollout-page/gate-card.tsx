import type { GateView } from "@perch/api";
import { EvidenceChart } from "./evidence-chart.tsx";
import { formatCount, formatOddsRatio, formatPercent, formatPoints, formatPointsBare } from "./format-number.ts";
import { describeEvidence, evidenceShare, formatOdds } from "./format-odds.ts";
import { DifferenceInterval } from "./difference-interval.tsx";
import { Icon } from "./icon.tsx";
import { Meter } from "./meter.tsx";
import { RateBars } from "./rate-bars.tsx";

/** One gate: what it counted, what it says, and on what evidence. */
export function GateCard({ gate, isCulprit }: { readonly gate: GateView; readonly isCulprit: boolean }) {
  const id = `gate-${gate.name}`;
  return (
    <article class={`panel gate gate--${gate.verdict}`} data-testid={id} aria-labelledby={`${id}-title`}>
      <div class="gate-head">
        <h3 id={`${id}-title`}>{gate.name}</h3>
        <span class="tag">{gate.role}</span>
        {isCulprit && <span class="tag tag--culprit">caused the rollback</span>}
        <p class={`verdict verdict--${gate.verdict}`} data-testid={`verdict-${gate.name}`} data-verdict={gate.verdict}>
          <Icon name={gate.verdict} />
          {gate.verdict}
        </p>
        <p class="gate-why">{gate.explanation}</p>
      </div>
      <div class="gate-body">
        <div class="gate-rates">
          <RateBars gate={gate} />
          <Reading gate={gate} />
        </div>
        <div class="gate-evidence">
          <HarmEvidence gate={gate} />
          <EvidenceChart gate={gate} />
        </div>
        <div class="gate-promotion">
          <NonInferiority gate={gate} />
        </div>
      </div>
    </article>
  );
}

function HarmEvidence({ gate }: { readonly gate: GateView }) {
  const odds = formatOdds(gate.logE);
  const limit = formatOdds(gate.rejectAtLogE);
  return (
    <div class="evidence">
      <div class="label-row">
        <h4>Evidence of harm</h4>
        <p class="figure">
          <strong>{odds}</strong> <span class="of">of {limit}</span>
        </p>
      </div>
      <Meter
        label={`Evidence of harm, ${gate.name}`}
        share={evidenceShare(gate.logE, gate.rejectAtLogE)}
        valueText={`${describeEvidence(gate.logE)}; rolls back at ${limit}`}
        tone="harm"
        mark={evidenceShare(gate.fastPathAtLogE, gate.rejectAtLogE)}
      />
      <p class="meter-note">
        mark: fast path at {formatOdds(gate.fastPathAtLogE)}, if windows break in a row
        {gate.brokenWindows > 0 && <strong> · {gate.brokenWindows} broken in a row</strong>}
      </p>
    </div>
  );
}

function Reading({ gate }: { readonly gate: GateView }) {
  const { oddsRatio, difference } = gate;
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
        <DifferenceInterval gate={gate} />
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

function NonInferiority({ gate }: { readonly gate: GateView }) {
  const { nonInferiority: ni } = gate;
  return (
    <div class="evidence">
      <div class="label-row">
        <h4>Not worse than the margin</h4>
        <p class="figure">
          <strong>{formatOdds(ni.logE)}</strong> <span class="of">of {formatOdds(ni.acceptAtLogE)}</span>
        </p>
      </div>
      <Meter
        label={`Evidence that ${gate.name} is not worse than the margin`}
        share={evidenceShare(ni.logE, ni.acceptAtLogE)}
        valueText={`odds ${formatOdds(ni.logE)}; promotion needs ${formatOdds(ni.acceptAtLogE)}`}
        tone="safe"
      />
      <dl class="facts">
        <div>
          <dt>promotion margin</dt>
          <dd>
            {formatPoints(gate.margin)}
            {ni.marginOddsRatio !== null && ` = odds ratio ${formatOddsRatio(ni.marginOddsRatio)}`}
          </dd>
        </div>
        <div>
          <dt>odds ratio surely below</dt>
          <dd>{ni.upperOddsRatio === null ? "not yet known" : formatOddsRatio(ni.upperOddsRatio)}</dd>
        </div>
        <div>
          <dt>accepted at this step</dt>
          <dd class={ni.isMet ? "met" : ""}>
            {ni.isMet && <Icon name="pass" />}
            {ni.isMet ? "yes" : "not yet"}
          </dd>
        </div>
        <div>
          <dt>clean windows in a row</dt>
          <dd>{gate.cleanWindows}</dd>
        </div>
        {gate.moreCanarySessions !== null && (
          <div>
            <dt>needs about</dt>
            <dd>{formatCount(gate.moreCanarySessions)} more canary sessions</dd>
          </div>
        )}
      </dl>
    </div>
  );
}
