import type { GateView } from "@perch/api";
import { formatCount, formatOddsRatio } from "./format-number.ts";
import { evidenceShare, formatOdds } from "./format-odds.ts";
import { formatMargin } from "./format-margin.ts";
import { Icon } from "./icon.tsx";
import { Meter } from "./meter.tsx";

/** How far the gate is from letting the canary on. */
export function NonInferiority({ gate }: { readonly gate: GateView }) {
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
      <Facts gate={gate} />
    </div>
  );
}

function Facts({ gate }: { readonly gate: GateView }) {
  const { nonInferiority: ni } = gate;
  return (
    <dl class="facts">
      <div>
        <dt>promotion margin</dt>
        <dd>
          {formatMargin(gate)}
          {ni.marginOddsRatio !== null && ` = odds ratio ${formatOddsRatio(ni.marginOddsRatio)}`}
        </dd>
      </div>
      {gate.oddsRatio !== null && (
        <div>
          <dt>odds ratio surely below</dt>
          <dd>{ni.upperOddsRatio === null ? "not yet known" : formatOddsRatio(ni.upperOddsRatio)}</dd>
        </div>
      )}
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
  );
}
